import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { AssignButton } from "../agents/assign_button";
import { CloseCircle, Icon } from "../app/icons";
import { KEYS, useShortcut } from "../app/keys";
import { Link } from "../app/link";
import { useDesk } from "../desk";
import type { Thread } from "../timeline/thread";
import { useWords } from "../words/words";
import { CloseDialog } from "./close_dialog";
import { heading } from "./request";
import { StatusMenu } from "./status_menu";
import "./request_header.css";

interface RequestHeaderProps {
  thread: Thread;
  request: Request;
  onCard: () => void;
}

export function RequestHeader({ thread, request, onCard }: RequestHeaderProps): JSX.Element {
  const { t } = useWords();
  const name = heading(request, t("visitor"));
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
        {request.subject && request.subject !== name && (
          <bdi class="header-subject only-wide">{request.subject}</bdi>
        )}
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

/** The circle at the far right: closes the open conversation, or the request; or says that it is closed. */
function CloseControl({ thread, request }: { thread: Thread; request: Request }): JSX.Element {
  const { t } = useWords();
  const { finishing } = useDesk();
  const [asked, setAsked] = useState(false);
  const conversation = thread.conversation.value;
  const open = conversation?.state === "open";
  const closed = !open && request.status === "closed";
  const close = () => (open ? setAsked(true) : void finishing.close(request));
  useShortcut("close", closed ? null : close);
  if (closed) {
    return (
      <span class="closed-mark" role="img" aria-label={t("close.closed")} title={t("close.closed")}>
        <CloseCircle closed />
      </span>
    );
  }
  const label = t(open ? "close.action" : "close.request");
  return (
    <>
      <button
        type="button"
        class="button quiet square"
        aria-label={label}
        title={`${label} (${KEYS.close})`}
        onClick={close}
      >
        <CloseCircle closed={false} />
      </button>
      {asked && conversation && (
        <CloseDialog request={request} conversationId={conversation.id} onClose={() => setAsked(false)} />
      )}
    </>
  );
}
