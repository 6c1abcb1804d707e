/** In one piece, loaded when the first message was refused or the first conversation is closed. */
export { Refusal } from "./refusal";
export { Transcript } from "./transcript";
