import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { Icon, PriorityMark, StatusMark } from "../app/icons";
import { Segments } from "../app/segments";
import { Moment } from "../app/time";
import { useDesk } from "../desk";
import { choices } from "../reasons/reason";
import { PRIORITIES, SETTABLE_STATUSES } from "../requests/request";
import type { Thread } from "../timeline/thread";
import { useWords } from "../words/words";
import { Fact, Section } from "./card_parts";
import { Customer } from "./customer";
import { OtherRequests } from "./other_requests";
import "./request_card.css";

interface RequestCardProps {
  thread: Thread;
  /** Shuts the drawer, where the card is one. */
  onClose: () => void;
}

/** Who asks, how the request is qualified, and what is known of it. */
export function RequestCard({ thread, onClose }: RequestCardProps): JSX.Element {
  const { t } = useWords();
  const { edits } = useDesk();
  const request = thread.request.value;
  return (
    <aside
      class="pane card-pane"
      aria-label={t("request.card")}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <header class="pane-bar">
        <h2 class="grow">{t("request.card")}</h2>
        <button
          type="button"
          class="button quiet square only-drawer"
          aria-label={t("app.close")}
          title={t("app.close")}
          onClick={onClose}
        >
          <Icon name="cross" />
        </button>
      </header>
      <div class="card">
        {request ? (
          <>
            <Customer request={request} />
            <Qualification request={edits.shown(request)} />
            {request.contact && <OtherRequests request={request} contactId={request.contact.id} />}
            <Details request={request} conversationState={thread.conversation.value?.state ?? "none"} />
          </>
        ) : (
          <div class="card-skeleton" aria-hidden="true">
            <div class="skeleton" />
            <div class="skeleton" />
            <div class="skeleton" />
          </div>
        )}
      </div>
    </aside>
  );
}

function Qualification({ request }: { request: Request }): JSX.Element {
  const { t } = useWords();
  const { edits } = useDesk();
  // New is where a request begins: it shows while it lasts, and cannot be chosen again.
  const statuses = request.status === "new" ? (["new", ...SETTABLE_STATUSES] as const) : SETTABLE_STATUSES;
  return (
    <Section title={t("card.qualification")}>
      <label class="card-field">
        <span>{t("card.subject")}</span>
        <input
          key={request.subject}
          class="field"
          defaultValue={request.subject ?? ""}
          placeholder={t("card.subject.placeholder")}
          maxLength={200}
          onChange={({ currentTarget }) =>
            void edits.set(request, "subject", currentTarget.value.trim() || null)
          }
          onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        />
      </label>
      <Segments
        name={t("card.status")}
        options={statuses.map((status) => [
          status,
          t(`status.${status}`),
          <StatusMark key={status} status={status} />,
        ])}
        chosen={request.status}
        onChoose={(status) => void edits.set(request, "status", status)}
      />
      <ReasonField request={request} />
      <Segments
        name={t("card.priority")}
        options={PRIORITIES.map((priority) => [
          priority,
          t(`priority.${priority}`),
          <PriorityMark key={priority} priority={priority} />,
        ])}
        chosen={request.priority}
        onChoose={(priority) => void edits.set(request, "priority", priority)}
      />
    </Section>
  );
}

interface DetailsProps {
  request: Request;
  conversationState: "open" | "closed" | "none";
}

function Details({ request, conversationState }: DetailsProps): JSX.Element {
  const { t } = useWords();
  return (
    <Section title={t("card.details")}>
      <dl class="facts">
        <Fact name={t("card.number")}>#{request.number}</Fact>
        <Fact name={t("card.channel")}>{t(`channel.${request.channel}`)}</Fact>
        <Fact name={t("card.conversation")}>{t(`card.conversation.${conversationState}`)}</Fact>
        <Fact name={t("card.assignee")}>
          {request.assignee?.name ?? <span class="faint-text">{t("card.assignee.none")}</span>}
        </Fact>
        <Fact name={t("card.created")}>
          <Moment at={request.created_at} />
        </Fact>
        {request.closed_at && (
          <Fact name={t("card.closed")}>
            <Moment at={request.closed_at} />
          </Fact>
        )}
      </dl>
    </Section>
  );
}

function ReasonField({ request }: { request: Request }): JSX.Element {
  const { t, locale } = useWords();
  const { edits, reasons } = useDesk();
  const known = reasons.items.value ?? [];
  return (
    <label class="card-field">
      <span>{t("card.reason")}</span>
      <select
        class="field"
        value={request.reason_id ?? ""}
        onChange={({ currentTarget }) => void edits.set(request, "reason_id", currentTarget.value || null)}
      >
        <option value="">{t("card.reason.none")}</option>
        {choices(known, request.reason_id).map(({ id, label }) => (
          <option key={id} value={id}>
            {label[locale]}
          </option>
        ))}
      </select>
    </label>
  );
}
