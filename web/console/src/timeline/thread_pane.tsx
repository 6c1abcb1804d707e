import type { JSX } from "preact";
import { Icon } from "../app/icons";
import { KEYS } from "../app/keys";
import { Link } from "../app/link";
import { useDesk } from "../desk";
import { RequestHeader } from "../requests/request_header";
import { tellProblem, useWords } from "../words/words";
import { Composer } from "./composer";
import { History, HistorySkeleton } from "./history";
import type { Thread } from "./thread";
import "./thread_pane.css";

interface ThreadPaneProps {
  thread: Thread | null;
  listShown: boolean;
  onExpandList: () => void;
  onCard: () => void;
  /** Opens the card, where it is a drawer. */
  onOpenCard: () => void;
}

export function ThreadPane({
  thread,
  listShown,
  onExpandList,
  onCard,
  onOpenCard,
}: ThreadPaneProps): JSX.Element {
  const { t } = useWords();
  const { edits } = useDesk();
  const request = thread?.request.value;
  return (
    <main class="pane thread-pane">
      <header class="pane-bar thread-bar">
        {!listShown && (
          <button
            type="button"
            class="button quiet square only-wide"
            aria-label={t("requests.expand")}
            title={t("requests.expand")}
            onClick={onExpandList}
          >
            <Icon name="list" />
          </button>
        )}
        {thread && request && (
          <RequestHeader thread={thread} request={edits.shown(request)} onCard={onCard} />
        )}
      </header>
      {!thread && <NothingOpen />}
      {thread && !request && (thread.problem.value ? <Failure thread={thread} /> : <HistorySkeleton />)}
      {thread && request && (
        <>
          <History thread={thread} request={request} />
          <Composer thread={thread} request={request} onCard={onOpenCard} />
        </>
      )}
    </main>
  );
}

function NothingOpen(): JSX.Element {
  const { t } = useWords();
  const keys = { next: KEYS.next, previous: KEYS.previous, open: t("keys.enter") };
  return (
    <div class="notice fills">
      <Icon name="chat" />
      <p>{t("request.none")}</p>
      <p class="faint-text">{t("request.none.keys", keys)}</p>
    </div>
  );
}

function Failure({ thread }: { thread: Thread }): JSX.Element {
  const { t } = useWords();
  const problem = thread.problem.value;
  const missing = problem?.status === 404;
  return (
    <div class="notice fills" role="alert">
      <p>{missing ? t("request.missing") : t("request.failed")}</p>
      {!missing && problem && <p class="faint-text">{tellProblem(problem, t)}</p>}
      {missing ? (
        <Link class="button" to={{ requestId: null }}>
          {t("app.back")}
        </Link>
      ) : (
        <button type="button" class="button" onClick={() => void thread.reload()}>
          <Icon name="reload" />
          {t("app.retry")}
        </button>
      )}
    </div>
  );
}
