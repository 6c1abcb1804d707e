import type { TimelineItem } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useDesk } from "../desk";
import { type T, useWords } from "../words/words";
import type { Standing } from "./standing";

interface MessageStateProps {
  message: TimelineItem;
  requestId: string;
  standing: Standing;
}

/** How an own message stands, in words; a refused one can be taken back into the composer. */
export function MessageState({ message, requestId, standing }: MessageStateProps): JSX.Element {
  const { t } = useWords();
  const { drafts, outbox, uploads } = useDesk();
  const { state, code } = standing;
  if (state !== "refused") return <p class="message-state">{t(`state.${state}`)}</p>;

  const files = message.attachments;
  const reuse = () => {
    drafts.add(requestId, message.text);
    // Their receipts are for this conversation: after its closing they are of no more use.
    if (code !== "conversation_closed") uploads.putBack(`conversation:${message.conversation_id}`, files);
    outbox.discard(message.id);
  };
  // A file's receipt runs out when a message waits for long: the files only need new ones.
  const stale = code === "invalid_frame" && files.length > 0;
  return (
    <div class="refusal" role="alert">
      <p>{t("state.refused", { reason: stale ? t("refused.receipts") : tellRefusal(code, t) })}</p>
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
