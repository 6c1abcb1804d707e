import type { JSX } from "preact";
import { useWords } from "../words/words";

export function MessageState({ state }: { state: "sending" | "waiting" | "sent" | "seen" }): JSX.Element {
  const { t } = useWords();
  return <p class="message-state">{t(`state.${state}`)}</p>;
}
