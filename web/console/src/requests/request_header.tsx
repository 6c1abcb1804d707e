import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { AssignButton } from "../agents/assign_button";
import { CloseCircle, Icon } from "../app/icons";
import { useShortcut } from "../app/keys";
import { Link } from "../app/link";
import type { Thread } from "../timeline/thread";
import { useWords } from "../words/words";
import { CloseDialog } from "./close_dialog";
import { displayName } from "./request";
import { StatusMenu } from "./status_menu";
import "./request_header.css";

interface RequestHeaderProps {
  thread: Thread;
  request: Request;
  onCard: () => void;
}

export function RequestHeader({ thread, request, onCard }: RequestHeaderProps): JSX.Element {
  const { t } = useWords();
  const name = displayName(request, t("visitor"));
  return (
    <>
      <Link
        to={{ requestId: null }}
        class="button quiet square only-narrow"
        aria-label={t("app.back")}
        title={t("app.back")}
      >
        <Icon name="back" />
      </Link>
      <h1 class="header-title grow">
        <span class="header-number">#{request.number}</span>
        <bdi class="header-name">{name}</bdi>
        {request.subject && <bdi class="header-subject only-wide">{request.subject}</bdi>}
      </h1>
      <StatusMenu request={request} />
      <AssignButton request={request} />
      <button
        type="button"
        class="button quiet square only-drawer"
        aria-label={t("request.card")}
        title={t("request.card")}
        onClick={onCard}
      >
        <Icon name="panel" />
      </button>
      <CloseControl thread={thread} request={request} />
    </>
  );
}

/** The circle at the far right: closes the open conversation, or says that it is closed. */
function CloseControl({ thread, request }: { thread: Thread; request: Request }): JSX.Element | null {
  const { t } = useWords();
  const [asked, setAsked] = useState(false);
  const conversation = thread.conversation.value;
  const open = conversation?.state === "open";
  useShortcut("close", open ? () => setAsked(true) : null);
  if (!conversation) return null;
  if (!open) {
    return (
      <span class="closed-mark" role="img" aria-label={t("close.closed")} title={t("close.closed")}>
        <CloseCircle closed />
      </span>
    );
  }
  return (
    <>
      <button
        type="button"
        class="button quiet square"
        aria-label={t("close.action")}
        title={t("close.action")}
        onClick={() => setAsked(true)}
      >
        <CloseCircle closed={false} />
      </button>
      {asked && (
        <CloseDialog request={request} conversationId={conversation.id} onClose={() => setAsked(false)} />
      )}
    </>
  );
}
