import type { Author, TimelineEvent, TimelineItem } from "@guichet/shared/protocol";
import { PRIORITIES, STATUSES } from "../requests/request";
import type { T } from "../words/words";

/**
 * One event in words; one of a kind that this console does not know yet, in the server's own.
 * @param visitorName how the request calls its visitor
 * @param reasonName what a reason is called in the agent's language, where it is known
 */
export function tellEvent(
  { event, text, author }: TimelineItem,
  visitorName: string,
  t: T,
  reasonName: (id: string) => string | undefined,
): string {
  if (!event) return text;
  const by = tellAuthor(event.by ?? author, visitorName, t);
  const [from, to] = [event.from, event.to].map((value) => tellValue(event, value, t, reasonName)) as [
    string,
    string,
  ];
  switch (event.name) {
    case "request_created":
      return t("event.request_created");
    case "conversation_opened":
      return t("event.conversation_opened", { by });
    case "conversation_closed":
      return event.to
        ? t("event.conversation_closed.status", { by, to: to.toLowerCase() })
        : t("event.conversation_closed", { by });
    case "assigned":
      return isSelf(event) ? t("event.assigned.self", { by }) : t("event.assigned", { by, to });
    case "released":
      return author.kind === "system" ? t("event.released.gone", { from }) : t("event.released", { by });
    case "status_changed":
    case "priority_changed":
    case "reason_changed":
      return t(`event.${event.name}`, { from, to, by });
    case "subject_changed":
      return t("event.subject_changed", { to, by });
    case "contact_linked":
      return t("event.contact_linked", { by, to });
    case "contact_unlinked":
      return t("event.contact_unlinked", { by, from });
    case "email_moved":
      return t("event.email_moved", { by, to });
    case "email_judged":
      return t(event.to === "person" ? "event.email_judged.person" : "event.email_judged.machine", { by });
    case "email_repeated":
      return event.to ? t("event.email_repeated", { subject: to }) : t("event.email_repeated.unnamed");
    case "transcript_without_address":
      return t("event.transcript_without_address");
    default:
      return text;
  }
}

function tellAuthor(author: Author, visitorName: string, t: T): string {
  if (author.kind === "visitor") return visitorName;
  return author.name ?? t("timeline.system");
}

function isSelf({ by, to }: TimelineEvent): boolean {
  return typeof to === "object" && to !== null && by?.id === to.id;
}

function tellValue(
  event: TimelineEvent,
  value: TimelineEvent["from"],
  t: T,
  reasonName: (id: string) => string | undefined,
): string {
  if (value === null || value === undefined) return t("event.nothing");
  if (typeof value === "object") {
    // The server keeps one name; a reason has one in each language.
    return (event.name === "reason_changed" && reasonName(value.id)) || value.name;
  }
  const status = STATUSES.find((known) => known === value);
  if (status && event.name !== "subject_changed" && event.name !== "email_repeated")
    return t(`status.${status}`);
  const priority = PRIORITIES.find((known) => known === value);
  return priority && event.name === "priority_changed" ? t(`priority.${priority}`) : value;
}
