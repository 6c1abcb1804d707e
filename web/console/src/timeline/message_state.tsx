import type { JSX } from "preact";
import { useDesk } from "../desk";
import { type T, useWords } from "../words/words";
import type { Standing } from "./standing";

interface MessageStateProps {
  message: { id: string; text: string };
  requestId: string;
  standing: Standing;
}

/** How an own message stands, in words; a refused one can be taken back into the composer. */
export function MessageState({ message, requestId, standing }: MessageStateProps): JSX.Element {
  const { t } = useWords();
  const { drafts, outbox } = useDesk();
  const { state, code } = standing;
  if (state !== "refused") return <p class="message-state">{t(`state.${state}`)}</p>;

  const reuse = () => {
    drafts.add(requestId, message.text);
    outbox.discard(message.id);
  };
  return (
    <div class="refusal" role="alert">
      <p>{t("state.refused", { reason: tellRefusal(code, t) })}</p>
      <button type="button" class="button" onClick={reuse}>
        {t("refused.reuse")}
      </button>
      <button type="button" class="button" onClick={() => outbox.discard(message.id)}>
        {t("refused.discard")}
      </button>
    </div>
  );
}

function tellRefusal(code: string | undefined, t: T): string {
  if (code === "conversation_closed" || code === "not_found") return t(`refused.${code}`);
  return t("refused.other", { code: code ?? "" });
}
