import type { ComponentChildren } from "preact";
import type { PendingFile } from "../files/uploads";
import type { Finish } from "../requests/finishing";

/** One way to write on a request: to the customer by chat or by e-mail, or a note for other agents. */
export interface Way {
  kind: "chat" | "email" | "note";
  /** Where its files belong; null for one that takes none. A receipt is good for no other place. */
  scope: string | null;
  placeholder: string;
  /** By which channel it leaves, and to whom. */
  hint: string;
  sendLabel: string;
  /** Which keys send it. */
  keys: string;
  /** Enter sends a line of chat; in a letter it begins the next line. */
  enterSends: boolean;
  /** Why nothing can be written, and what to do about it. */
  blocked: ComponentChildren;
  /** It is on its way, or nobody knows whether it is: it must stay as it is. */
  locked: boolean;
  /** Whether it can be sent, as far as this way is concerned. */
  ready: boolean;
  /** What failed, and what to do about it. */
  problem: ComponentChildren;
  /** What stands above and below the text. */
  head?: ComponentChildren;
  foot?: ComponentChildren;
  wrote?: (text: string) => void;
  /** The agent is no longer writing. */
  left?: () => void;
  /** Whether the request can be closed or set aside with it. */
  finishes: boolean;
  send: (text: string, files: readonly PendingFile[], finish: Finish | null) => void;
}
