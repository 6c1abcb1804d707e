import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Desk, DeskContext } from "../desk";
import type { Session } from "../session/session";
import { SignIn } from "../session/sign_in";
import { welcomeToken } from "../session/welcome";
import { WelcomePage } from "../session/welcome_page";
import { useWords, type Words, WordsContext } from "../words/words";
import type { Router } from "./router";
import { Shell } from "./shell";
import type { Appearance } from "./theme";

interface AppProps {
  words: Words;
  appearance: Appearance;
  router: Router;
  session: Session;
}

/** Who is there decides what is shown: nobody known yet, the sign-in, or the agent's desk. */
export function App({ words, appearance, router, session }: AppProps): JSX.Element {
  const state = session.state.value;
  const [token, setToken] = useState(() => welcomeToken(location.hash));
  useEffect(() => {
    // Followed in a tab where Guichet is open already, such a link changes no more than the hash.
    const follow = () => setToken(welcomeToken(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const leaveWelcome = () => {
    history.replaceState(null, "", location.pathname + location.search);
    setToken(null);
  };
  useEffect(() => {
    document.documentElement.lang = words.locale.value;
  }, [words.locale.value]);
  if (token !== null) {
    return (
      <WordsContext.Provider value={words}>
        <WelcomePage session={session} token={token} onLeave={leaveWelcome} />
      </WordsContext.Provider>
    );
  }
  return (
    <WordsContext.Provider value={words}>
      {(state.phase === "starting" || state.phase === "unreachable") && (
        <Waiting unreachable={state.phase === "unreachable"} />
      )}
      {state.phase === "signed-out" && <SignIn session={session} expired={state.expired} />}
      {state.phase === "signed-in" && (
        <SignedIn
          key={state.agent.id}
          start={() => new Desk(state.agent, session, router, words)}
          appearance={appearance}
        />
      )}
    </WordsContext.Provider>
  );
}

function SignedIn({ start, appearance }: { start: () => Desk; appearance: Appearance }): JSX.Element {
  const [desk] = useState(start);
  useEffect(() => {
    desk.start();
    return () => desk.stop();
  }, [desk]);
  return (
    <DeskContext.Provider value={desk}>
      <Shell appearance={appearance} />
    </DeskContext.Provider>
  );
}

/** Blank while an answer is due any moment; words once it does not come. */
function Waiting({ unreachable }: { unreachable: boolean }): JSX.Element {
  const { t } = useWords();
  return (
    <main class="notice whole">
      <p role="status">{unreachable && t("session.waiting")}</p>
    </main>
  );
}
