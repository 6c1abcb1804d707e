import type { Email, ItemFile, TimelineItem } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { Menu } from "../app/menu";
import { Moment } from "../app/time";
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
  requestId: string;
}

/** One e-mail of the timeline: what it says first, then what is folded, and at the end how it came or left. */
export function EmailCard({ item, email, requestId }: EmailCardProps): JSX.Element {
  const { t } = useWords();
  const inbound = item.direction === "inbound";
  const { files, others, inline } = sorted(item);
  return (
    <div class="email">
      <header class="email-head">
        <Icon name="email" />
        <h3 class="email-subject grow">{email.subject || t("email.noSubject")}</h3>
        <Moment at={item.at} />
        {inbound && <EmailMenu item={item} email={email} requestId={requestId} />}
      </header>
      <People email={email} />
      <Marks email={email} />
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
        {inbound ? <p>{tellPlaced(email, t)}</p> : <DeliveryLine item={item} />}
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

function People({ email: { from, to, cc } }: { email: Email }): JSX.Element {
  const { t } = useWords();
  const lines = [
    [t("email.from"), from ? [from] : []],
    [t("email.to"), to],
    [t("email.cc"), cc],
  ] as const;
  return (
    <dl class="email-people">
      {lines.map(
        ([name, people]) =>
          people.length > 0 && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{people.map(tellAddress).join(", ")}</dd>
            </div>
          ),
      )}
    </dl>
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

function EmailMenu({ item, email, requestId }: EmailCardProps): JSX.Element {
  const { t } = useWords();
  const { emailActs } = useDesk();
  const [moving, setMoving] = useState(false);
  const subject = email.subject || t("email.noSubject");
  return (
    <>
      <Menu
        label={t("email.actions", { subject })}
        buttonClass="button quiet square"
        button={<Icon name="more" />}
      >
        {(close) => (
          <>
            <button
              type="button"
              class="menu-item"
              role="menuitem"
              onClick={() => {
                close();
                setMoving(true);
              }}
            >
              {t("email.move")}
            </button>
            <button
              type="button"
              class="menu-item"
              role="menuitem"
              onClick={() => {
                close();
                void emailActs.move(requestId, item, null);
              }}
            >
              {t("email.makeOwn")}
            </button>
          </>
        )}
      </Menu>
      {moving && <MoveDialog item={item} requestId={requestId} onClose={() => setMoving(false)} />}
    </>
  );
}
