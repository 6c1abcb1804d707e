import { formatDateTime } from "@guichet/shared/i18n";
import type { Email, EmailAddress, ItemFile, Request, TimelineItem } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { Menu } from "../app/menu";
import { useDesk } from "../desk";
import { FileList } from "../files/file_list";
import { useWords } from "../words/words";
import { AbsentFile } from "./absent_file";
import { tellAddress } from "./addresses";
import { DeliveryLine } from "./delivery_line";
import { EmailBody } from "./email_body";
import { marks, tellInvitation, tellMailer, tellPlaced } from "./email_text";
import { MoveDialog } from "./move_dialog";
import "./email.css";

interface EmailCardProps {
  item: TimelineItem;
  email: Email;
  request: Request;
}

/** A mail that says it was written so long (ms) before it came, or after, says so to agents, too. */
const LATE_MS = 10 * 60_000;

/** One e-mail of the timeline: what it says first, then what is folded, and at the end how it came or left. */
export function EmailCard({ item, email, request }: EmailCardProps): JSX.Element {
  const { t } = useWords();
  const { emailActs } = useDesk();
  const inbound = item.direction === "inbound";
  const { files, others, inline } = sorted(item);
  const placed = tellPlaced(email, t);
  return (
    <div class="email">
      <header class="email-head">
        <Icon name="email" />
        <h3 class="email-subject grow" dir="auto">
          {email.subject || t("email.noSubject")}
        </h3>
        <EmailMenu item={item} email={email} request={request} />
      </header>
      <People email={email} at={item.at} />
      <Marks email={email} />
      {inbound && <ForwardedFrom email={email} request={request} />}
      {inbound && email.automatic && (
        <button type="button" class="button" onClick={() => void emailActs.judge(request.id, item, "person")}>
          <Icon name="person" />
          {t("email.judge.person")}
        </button>
      )}
      <EmailBody item={item} email={email} inline={inline} />
      {email.invitation && <InvitationLine email={email} />}
      {files.length > 0 && <FileList files={files} />}
      {others.length > 0 && (
        <ul class="email-lines">
          {others.map((file) => (
            <AbsentFile key={file.id} file={file} mailId={inbound ? item.id : null} />
          ))}
        </ul>
      )}
      <footer class="email-foot">
        {inbound ? placed && <p>{placed}</p> : <DeliveryLine item={item} />}
        {email.notes.map((note) => (
          <p key={note}>{tellMailer(note, t)}</p>
        ))}
      </footer>
    </div>
  );
}

/** Which files the HTML shows, which can be downloaded, and which are not there. */
function sorted({ attachments, html }: TimelineItem) {
  const there = attachments.filter(({ state = "ready" }) => state === "ready");
  const isShown = ({ inline, content_id, media_type }: ItemFile) =>
    Boolean(html && inline && content_id && media_type.startsWith("image/"));
  return {
    inline: there.filter(isShown),
    files: there.filter((file) => !isShown(file)),
    others: attachments.filter(({ state = "ready" }) => state !== "ready"),
  };
}

function People({ email, at }: { email: Email; at: string }): JSX.Element {
  const { t, locale } = useWords();
  const { from, reply_to = [], to, cc, bcc = [], raw_from, sent_at, forwarded_from } = email;
  const lines = [
    [t("email.from"), from ? [from] : []],
    [t("email.replyTo"), differing(reply_to, from)],
    [t("email.to"), to],
    [t("email.cc"), cc],
    [t("email.bcc"), bcc],
    [t("email.forwardedFrom"), forwarded_from ? [forwarded_from] : []],
  ] as const;
  const late = sent_at !== undefined && Math.abs(Date.parse(sent_at) - Date.parse(at)) > LATE_MS;
  return (
    <dl class="email-people">
      {!from && raw_from && (
        <div>
          <dt>{t("email.from")}</dt>
          <dd>
            <bdi>{raw_from}</bdi> <span class="hint">{t("email.noAddress")}</span>
          </dd>
        </div>
      )}
      {lines.map(
        ([name, people]) =>
          people.length > 0 && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Addresses people={people} />
              </dd>
            </div>
          ),
      )}
      {late && (
        <div>
          <dt>{t("email.sentAt")}</dt>
          <dd>{formatDateTime(locale, new Date(sent_at))}</dd>
        </div>
      )}
    </dl>
  );
}

/** Whom to answer, where that is not who wrote anyway. */
function differing(replyTo: readonly EmailAddress[], from: EmailAddress | null): readonly EmailAddress[] {
  const same = replyTo.length === 1 && replyTo[0]?.email.toLowerCase() === from?.email.toLowerCase();
  return same ? [] : replyTo;
}

function Addresses({ people }: { people: readonly EmailAddress[] }): JSX.Element {
  return (
    <>
      {people.map((one, index) => (
        <span key={one.email}>
          {index > 0 && ", "}
          <bdi>{tellAddress(one)}</bdi>
        </span>
      ))}
    </>
  );
}

/** A customer's mail that somebody handed on: the way to the customer. */
function ForwardedFrom({ email, request }: { email: Email; request: Request }): JSX.Element | null {
  const { t } = useWords();
  const { emailActs } = useDesk();
  const person = email.forwarded_from;
  if (!person || request.contact?.email?.toLowerCase() === person.email.toLowerCase()) return null;
  return (
    <button type="button" class="button" onClick={() => void emailActs.makeContact(request, person)}>
      <Icon name="person" />
      {t("email.makeContact", { name: person.name || person.email })}
    </button>
  );
}

function Marks({ email }: { email: Email }): JSX.Element | null {
  const { t } = useWords();
  const known = marks(email, t);
  const reported = email.bounce?.recipients ?? [];
  if (known.length === 0 && reported.length === 0) return null;
  return (
    <ul class="email-lines">
      {known.map(({ name, tone, text }) => (
        <li key={name} data-tone={tone}>
          <Icon name={tone === "warn" ? "warning" : "info"} />
          <span>
            <b>{name}</b> {text}
          </span>
        </li>
      ))}
      {reported.map(({ email: address, fate, status, diagnostic }) => (
        <li key={address}>
          <Icon name={fate === "failed" ? "cross" : "email"} />
          <span>
            <b>{t(`email.bounce.${fate}`, { email: address })}</b>{" "}
            {[status, diagnostic].filter(Boolean).join(" ")}
          </span>
        </li>
      ))}
    </ul>
  );
}

function InvitationLine({ email: { invitation } }: { email: Email }): JSX.Element | null {
  const { t, locale } = useWords();
  if (!invitation) return null;
  const cancelled = invitation.method.toUpperCase() === "CANCEL";
  return (
    <ul class="email-lines">
      <li>
        <Icon name="calendar" />
        <span>
          <b>{t(cancelled ? "email.invitation.cancelled" : "email.invitation")}</b>{" "}
          {tellInvitation(invitation, locale, t)}
        </span>
      </li>
    </ul>
  );
}

function EmailMenu({ item, email, request }: EmailCardProps): JSX.Element {
  const { t, locale } = useWords();
  const { emailActs, emails } = useDesk();
  const [moving, setMoving] = useState(false);
  const subject = email.subject || t("email.noSubject");
  const inbound = item.direction === "inbound";
  return (
    <>
      <Menu
        label={t("email.actions", { subject })}
        buttonClass="button quiet square"
        button={<Icon name="more" />}
      >
        {(close) => {
          const act = (name: string, action: () => void) => (
            <button
              type="button"
              class="menu-item"
              role="menuitem"
              onClick={() => {
                close();
                action();
              }}
            >
              {name}
            </button>
          );
          return (
            <>
              {act(t("email.forward"), () => emails.forward(request.id, item.id, locale))}
              {inbound && (
                <>
                  {act(t("email.move"), () => setMoving(true))}
                  {act(t("email.makeOwn"), () => void emailActs.move(request.id, item, null))}
                  {/* The reverse is a button of the e-mail itself. */}
                  {!email.automatic &&
                    act(t("email.judge.machine"), () => void emailActs.judge(request.id, item, "machine"))}
                  {act(t("email.download"), () => void emailActs.download(item))}
                </>
              )}
            </>
          );
        }}
      </Menu>
      {moving && <MoveDialog item={item} requestId={request.id} onClose={() => setMoving(false)} />}
    </>
  );
}
