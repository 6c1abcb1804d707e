import type { Request } from "@guichet/shared/protocol";
import { useDesk } from "../desk";
import { displayName } from "../requests/request";
import { useWords } from "../words/words";
import type { Thread } from "./thread";
import { useTypingSignal } from "./typing_signal";
import type { Way } from "./way";

/** Answers in the open conversation: through the outbox, which keeps it until the server has it. */
export function useChatWay(thread: Thread, request: Request): Way {
  const { t } = useWords();
  const { drafts, finishing, outbox, uploads } = useDesk();
  const typing = useTypingSignal(thread);
  const conversationId = thread.conversation.value?.id ?? "";
  const scope = `conversation:${conversationId}`;
  return {
    kind: "chat",
    scope,
    placeholder: t("composer.replyTo", { name: displayName(request, t("visitor")) }),
    hint: t("composer.byChat"),
    sendLabel: t("composer.send"),
    keys: t("composer.keys"),
    enterSends: true,
    blocked: null,
    locked: false,
    ready: true,
    problem: null,
    wrote: typing.wrote,
    left: typing.stopped,
    finishes: true,
    send: (text, _, finish) => {
      const taken = uploads.take(scope);
      const { id } = outbox.post(text, {
        conversation_id: conversationId,
        ...(taken.length > 0 && {
          receipts: taken.flatMap(({ receipt }) => receipt ?? []),
          attachments: taken.map(({ id, name, media_type, size }) => ({ id, name, media_type, size })),
        }),
      });
      if (finish) finishing.afterMessage(request.id, conversationId, id, finish);
      typing.stopped();
      drafts.set(request.id, { text: "" });
    },
  };
}
