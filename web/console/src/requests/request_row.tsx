import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { Icon, PriorityMark, StatusMark } from "../app/icons";
import { Link } from "../app/link";
import { Age, Waiting } from "../app/time";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { heading } from "./request";

interface RequestRowProps {
  request: Request;
  selected: boolean;
  /** Pixels from the top of the list. */
  top: number;
  /** Place in the list, from 1. */
  position: number;
  /** How many there are; -1 while that is not known. */
  total: number;
}

export function RequestRow({ request, selected, top, position, total }: RequestRowProps): JSX.Element {
  const { t, locale } = useWords();
  const { agent } = useDesk();
  const { channel, status, priority, assignee, unread, preview, preview_by: by, waiting_since } = request;
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the list
    <div
      class="row"
      role="listitem"
      aria-posinset={position}
      aria-setsize={total}
      style={{ transform: `translateY(${top}px)` }}
    >
      <Link
        to={{ requestId: request.id }}
        class="row-link"
        data-request-id={request.id}
        data-unread={unread > 0}
        aria-current={selected ? "page" : undefined}
      >
        <span class="row-line">
          <span class="row-channel" title={t(`channel.${channel}`)}>
            <Icon name={channel} />
            <span class="hidden">{t(`channel.${channel}`)}</span>
          </span>
          <span class="row-name" dir="auto">
            {heading(request, t("visitor"))}
          </span>
          <span class="row-age">
            {waiting_since ? <Waiting since={waiting_since} /> : <Age at={request.last_activity_at} />}
          </span>
        </span>
        <span class="row-line">
          <span class="row-status" title={t(`status.${status}`)}>
            <StatusMark status={status} />
            <span class="hidden">{t(`status.${status}`)}</span>
          </span>
          {request.automatic && <span class="row-automatic">{t("requests.automatic")}</span>}
          <span class="row-preview" dir="auto">
            {preview && by && (
              <bdi class="row-by">
                {by.id === agent.id ? t("requests.saidByMe") : t("requests.saidBy", { name: by.name })}{" "}
              </bdi>
            )}
            {preview || request.subject || t("requests.noPreview")}
          </span>
          <span class="row-marks">
            {unread > 0 && (
              <span class="row-unread">
                <span aria-hidden="true">{unread.toLocaleString(locale)}</span>
                <span class="hidden">{t("requests.unread", { count: unread })}</span>
              </span>
            )}
            {priority !== "low" && (
              <span title={t("requests.priority", { priority: t(`priority.${priority}`) })}>
                <PriorityMark priority={priority} />
                <span class="hidden">{t("requests.priority", { priority: t(`priority.${priority}`) })}</span>
              </span>
            )}
            {assignee && (
              <span title={t("requests.assignedTo", { name: assignee.name })}>
                <span class="disc" aria-hidden="true">
                  {assignee.initials}
                </span>
                <span class="hidden">{t("requests.assignedTo", { name: assignee.name })}</span>
              </span>
            )}
          </span>
        </span>
      </Link>
    </div>
  );
}
