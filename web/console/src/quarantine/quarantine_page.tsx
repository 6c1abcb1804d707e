import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { Moment } from "../app/time";
import { useDesk } from "../desk";
import { tellSize } from "../files/file_text";
import { Problem } from "../http/problem";
import { type T, tellProblem, useWords } from "../words/words";
import { REASONS, type ReceivedMail } from "./quarantine";
import { RawMailDialog } from "./raw_mail_dialog";
import "./quarantine_page.css";

/** Mail that could not be taken in: why, what it is, and another attempt. */
export function QuarantinePage(): JSX.Element {
  const { t } = useWords();
  const { quarantine } = useDesk();
  const [shown, setShown] = useState<ReceivedMail | null>(null);
  useEffect(() => void quarantine.load(), [quarantine]);
  const mails = quarantine.mails.value;
  const problem = quarantine.problem.value;
  return (
    <>
      <p>{t("quarantine.explain")}</p>
      <p class="settings-state" role="status">
        {mails === null && !problem && t("settings.loading")}
        {mails?.length === 0 && !problem && t("quarantine.empty")}
      </p>
      {problem && (
        <p class="form-problem" role="alert">
          {t("settings.failed")} {tellProblem(problem, t)}{" "}
          <button type="button" class="button" onClick={() => void quarantine.load()}>
            {t("app.retry")}
          </button>
        </p>
      )}
      {mails && mails.length > 0 && (
        <ul class="kept-list" aria-label={t("settings.quarantine")}>
          {mails.map((mail) => (
            <li key={mail.id}>
              <QuarantinedMail mail={mail} onRaw={() => setShown(mail)} />
            </li>
          ))}
        </ul>
      )}
      {quarantine.more && (
        <button
          type="button"
          class="button"
          disabled={quarantine.loading.value}
          onClick={() => void quarantine.loadMore()}
        >
          {t("quarantine.more")}
        </button>
      )}
      {shown && <RawMailDialog mail={shown} onClose={() => setShown(null)} />}
    </>
  );
}

function QuarantinedMail({ mail, onRaw }: { mail: ReceivedMail; onRaw: () => void }): JSX.Element {
  const { t, locale } = useWords();
  const { quarantine, toasts } = useDesk();
  const [busy, setBusy] = useState(false);
  const replay = async () => {
    setBusy(true);
    try {
      const { state, reason } = await quarantine.replay(mail);
      if (state === "quarantined") toasts.failed(t("quarantine.again", { reason: tellReason(reason, t) }));
      else toasts.done(t(`quarantine.${state}`));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(tellProblem(error, t));
      // Most likely somebody else has taken it up.
      await quarantine.load();
    }
    setBusy(false);
  };
  const subject = mail.subject || t("quarantine.noSubject");
  return (
    <article class="quarantined" aria-label={subject}>
      <div class="quarantined-text">
        <b>{subject}</b>
        <span class="kept-about">
          {mail.sender ?? t("quarantine.noSender")} · <Moment at={mail.received_at} /> ·{" "}
          {tellSize(mail.size, locale)}
        </span>
        <span class="quarantined-why">
          <Icon name="lock" />
          {tellReason(mail.reason, t)}
        </span>
        {mail.detail && (
          <details>
            <summary>{t("quarantine.detail")}</summary>
            <code>
              {mail.source.toUpperCase()}, {mail.reason}: {mail.detail}
            </code>
          </details>
        )}
      </div>
      <div class="quarantined-actions">
        <button
          type="button"
          class="button quiet"
          aria-label={t("quarantine.rawOf", { subject })}
          onClick={onRaw}
        >
          {t("quarantine.raw")}
        </button>
        <button
          type="button"
          class="button"
          aria-label={t("quarantine.replayOf", { subject })}
          disabled={busy}
          onClick={() => void replay()}
        >
          <Icon name="reload" />
          {busy ? t("quarantine.replaying") : t("quarantine.replay")}
        </button>
      </div>
    </article>
  );
}

/** In words that say what to do, where there is something. */
function tellReason(reason: string | null, t: T): string {
  const known = REASONS.find((candidate) => candidate === reason);
  return known ? t(`quarantine.reason.${known}`) : t("quarantine.reason.other");
}
