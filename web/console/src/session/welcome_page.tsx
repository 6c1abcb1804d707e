import type { JSX, TargetedSubmitEvent } from "preact";
import { useId, useState } from "preact/hooks";
import logo from "../app/guichet.svg";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import type { Session } from "./session";
import "./sign_in.css";
import { PASSWORD_MAX, PASSWORD_MIN } from "./welcome";

interface WelcomePageProps {
  session: Session;
  token: string;
  /** The password is set, or the agent signs in in the usual way instead. */
  onLeave: () => void;
}

/** Where a new agent sets a password by the link that an operator gave them; it works once. */
export function WelcomePage({ session, token, onLeave }: WelcomePageProps): JSX.Element {
  const { t } = useWords();
  const errorId = useId();
  const hintId = useId();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const password = String(given.get("password"));
    if (password !== String(given.get("repeated"))) {
      setError(t("welcome.different"));
      return;
    }
    setBusy(true);
    setError("");
    try {
      await session.welcome(token, password);
      onLeave();
    } catch (failure) {
      if (!(failure instanceof Problem)) throw failure;
      setError(failure.passing ? t("session.unreachable") : tellProblem(failure, t));
      setBusy(false);
    }
  };

  const lengths = { minLength: PASSWORD_MIN, maxLength: PASSWORD_MAX };
  return (
    <main class="sign-in">
      <form onSubmit={submit} aria-describedby={error ? errorId : undefined}>
        <img src={logo} alt="" width="40" height="40" />
        <h1>{t("welcome.title")}</h1>
        <p id={hintId} class="sign-in-note">
          {t("welcome.hint", { count: PASSWORD_MIN })}
        </p>
        <label>
          {t("session.password")}
          <input
            class="field"
            type="password"
            name="password"
            autocomplete="new-password"
            aria-describedby={hintId}
            required
            autofocus
            {...lengths}
          />
        </label>
        <label>
          {t("welcome.repeat")}
          <input
            class="field"
            type="password"
            name="repeated"
            autocomplete="new-password"
            required
            {...lengths}
          />
        </label>
        <p id={errorId} class="sign-in-error" role="alert">
          {error}
        </p>
        <button type="submit" class="button accent" disabled={busy}>
          {busy ? t("session.signingIn") : t("welcome.set")}
        </button>
        <button type="button" class="button" onClick={onLeave}>
          {t("welcome.leave")}
        </button>
      </form>
    </main>
  );
}
