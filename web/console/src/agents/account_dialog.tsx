import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../app/dialog";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { PASSWORD_MAX, PASSWORD_MIN } from "../session/welcome";
import { type T, tellProblem, useWords } from "../words/words";
import "./account_dialog.css";
import { tellDevice } from "./device";

const SESSIONS = "/api/v1/auth/sessions";

interface OwnSession {
  id: string;
  last_used_at: string;
  /** What the browser calls itself. */
  device: string;
  current: boolean;
}

/** The agent's own password, and where they are signed in. */
export function AccountDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const { t, locale } = useWords();
  const { api, session, toasts } = useDesk();
  /** Null until they were read. */
  const [sessions, setSessions] = useState<OwnSession[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const attempt = async (action: () => Promise<void>) => {
    setProblem(null);
    setBusy(true);
    try {
      await action();
      setSessions((await api.get<{ items: OwnSession[] }>(SESSIONS)).items);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
    setBusy(false);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: read once; each change reads them again
  useEffect(() => {
    void attempt(async () => undefined);
  }, []);
  const end = (path: string) => attempt(() => api.call({ method: "DELETE", path }));
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    void attempt(async () => {
      await session.changePassword(String(given.get("current")), String(given.get("password")));
      form.reset();
      toasts.done(t("account.changed"));
    });
  };
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  return (
    <Dialog title={t("account.title")} onClose={onClose}>
      <form class="contact-form" onSubmit={submit}>
        <h3>{t("account.password")}</h3>
        <label class="form-field">
          {t("account.current")}
          <input class="field" type="password" name="current" autocomplete="current-password" required />
        </label>
        <label class="form-field">
          {t("account.new")}
          <input
            class="field"
            type="password"
            name="password"
            autocomplete="new-password"
            minLength={PASSWORD_MIN}
            maxLength={PASSWORD_MAX}
            required
          />
        </label>
        <p class="form-problem" role="alert">
          {problem && tell(problem, t)}
        </p>
        <div class="dialog-actions">
          <button type="submit" class="button strong" disabled={busy}>
            {t("account.change")}
          </button>
        </div>
      </form>
      <section class="contact-form" aria-label={t("account.sessions")}>
        <h3>{t("account.sessions")}</h3>
        {sessions === null && !problem && <p class="card-hint">{t("settings.loading")}</p>}
        <ul class="own-sessions">
          {sessions?.map(({ id, device, last_used_at, current }) => (
            <li key={id}>
              <p title={device}>{tellDevice(device) || t("account.unknownDevice")}</p>
              <p class="card-hint">
                {current
                  ? t("account.thisOne")
                  : t("account.lastUsed", { when: day.format(new Date(last_used_at)) })}
              </p>
              {!current && (
                <button
                  type="button"
                  class="button"
                  disabled={busy}
                  onClick={() => void end(`${SESSIONS}/${id}`)}
                >
                  {t("account.end")}
                </button>
              )}
            </li>
          ))}
        </ul>
        <div class="dialog-actions">
          {(sessions?.length ?? 0) > 1 && (
            <button type="button" class="button" disabled={busy} onClick={() => void end(SESSIONS)}>
              {t("account.endOthers")}
            </button>
          )}
          <button type="button" class="button" onClick={onClose}>
            {t("app.close")}
          </button>
        </div>
      </section>
    </Dialog>
  );
}

function tell(problem: Problem, t: T): string {
  const field = problem.errors[0]?.field;
  if (field === "current_password") return t("account.wrong");
  if (field === "password") return t("account.common");
  if (problem.status === 429) return t("session.tooMany", { count: problem.retryAfter ?? 60 });
  return tellProblem(problem, t);
}
