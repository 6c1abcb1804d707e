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
  /** Set once the server has asked for a code. */
  const [factor, setFactor] = useState<Problem | null>(null);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      const code = String(given.get("code") ?? "").trim();
      await session.signIn(String(given.get("email")).trim(), String(given.get("password")), code);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (isFactor(error)) {
        setFactor(error);
        setBusy(false);
        return;
      }
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
        {factor && <CodeField wanted={factor} />}
        <p id={errorId} class="sign-in-error" role="alert">
          {problem && (problem.status === 401 && factor ? t("session.wrongCode") : tell(problem, t))}
        </p>
        <button type="submit" class="button accent" disabled={busy}>
          {busy ? t("session.signingIn") : t("session.signIn")}
        </button>
      </form>
    </main>
  );
}

const isFactor = ({ code }: Problem): boolean =>
  code === "second_factor_wanted" || code === "second_factor_to_set_up";

/** The code of the second factor; with the key to add, for whoever has none yet. */
function CodeField({ wanted }: { wanted: Problem }): JSX.Element {
  const { t } = useWords();
  const { secret, uri } = wanted.body;
  const isNew = typeof secret === "string" && typeof uri === "string";
  return (
    <>
      <p class="sign-in-note" role="status">
        {t(isNew ? "session.setUp" : "session.codeWanted")}
      </p>
      {isNew && (
        <p class="sign-in-note">
          <code>{secret.replace(/(.{4})(?=.)/g, "$1 ")}</code>
          <br />
          <a href={uri}>{t("session.openApp")}</a>
        </p>
      )}
      <label>
        {t("session.code")}
        <input
          class="field"
          name="code"
          inputMode="numeric"
          autocomplete="one-time-code"
          pattern="[0-9 ]{6,10}"
          required
          autofocus
        />
      </label>
    </>
  );
}

function tell(problem: Problem, t: T): string {
  if (problem.status === 401 || problem.status === 422) return t("session.wrong");
  // The server takes sign-ins from its own pages only.
  if (problem.status === 403) return t("session.elsewhere");
  if (problem.status === 429) return t("session.tooMany", { count: problem.retryAfter ?? 60 });
  return problem.passing ? t("session.unreachable") : tellProblem(problem, t);
}
