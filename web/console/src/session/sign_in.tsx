import type { JSX, TargetedSubmitEvent } from "preact";
import { useId, useState } from "preact/hooks";
import logo from "../app/guichet.svg";
import { Problem } from "../http/problem";
import { type T, tellProblem, useWords } from "../words/words";
import type { Session } from "./session";
import "./sign_in.css";

interface SignInProps {
  session: Session;
  /** The session ended without the agent's wish. */
  expired: boolean;
}

export function SignIn({ session, expired }: SignInProps): JSX.Element {
  const { t } = useWords();
  const errorId = useId();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await session.signIn(String(given.get("email")).trim(), String(given.get("password")));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };

  return (
    <main class="sign-in">
      <form onSubmit={submit} aria-describedby={problem ? errorId : undefined}>
        <img src={logo} alt="" width="40" height="40" />
        <h1>{t("session.welcome")}</h1>
        {expired && !problem && <p class="sign-in-note">{t("session.expired")}</p>}
        <label>
          {t("session.email")}
          <input class="field" type="email" name="email" autocomplete="username" required autofocus />
        </label>
        <label>
          {t("session.password")}
          <input class="field" type="password" name="password" autocomplete="current-password" required />
        </label>
        <p id={errorId} class="sign-in-error" role="alert">
          {problem && tell(problem, t)}
        </p>
        <button type="submit" class="button accent" disabled={busy}>
          {busy ? t("session.signingIn") : t("session.signIn")}
        </button>
      </form>
    </main>
  );
}

function tell(problem: Problem, t: T): string {
  if (problem.status === 401 || problem.status === 422) return t("session.wrong");
  // The server takes sign-ins from its own pages only.
  if (problem.status === 403) return t("session.elsewhere");
  if (problem.status === 429) return t("session.tooMany", { count: problem.retryAfter ?? 60 });
  return problem.passing ? t("session.unreachable") : tellProblem(problem, t);
}
