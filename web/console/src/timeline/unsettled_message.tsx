import type { OwnMessage } from "@guichet/shared/outbox";
import type { JSX } from "preact";
import { useDesk } from "../desk";
import { type T, useWords } from "../words/words";
import { LinkedText } from "./linked_text";
import { MessageState } from "./message_state";

/** An own message that the log does not have: on its way, waiting for the connection, or refused. */
export function UnsettledMessage({
  message,
  requestId,
}: {
  message: OwnMessage;
  requestId: string;
}): JSX.Element {
  const { t } = useWords();
  const { connection, drafts, outbox } = useDesk();
  const { id, text, state, code } = message;
  const waiting = state === "sending" && connection.value !== "open";

  const reuse = () => {
    drafts.add(requestId, text);
    outbox.discard(id);
  };
  return (
    <section class="group" data-kind="message" data-side="right">
      <article class="item" data-state={state}>
        <div class="bubble">
          <LinkedText text={text} />
        </div>
        {state !== "refused" && <MessageState state={waiting ? "waiting" : state} />}
        {state === "refused" && (
          <div class="refusal" role="alert">
            <p>{t("state.refused", { reason: tellRefusal(code, t) })}</p>
            <button type="button" class="button" onClick={reuse}>
              {t("refused.reuse")}
            </button>
            <button type="button" class="button" onClick={() => outbox.discard(id)}>
              {t("refused.discard")}
            </button>
          </div>
        )}
      </article>
    </section>
  );
}

function tellRefusal(code: string | undefined, t: T): string {
  if (code === "conversation_closed" || code === "not_found") return t(`refused.${code}`);
  return t("refused.other", { code: code ?? "" });
}
