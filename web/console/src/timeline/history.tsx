import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { useDesk } from "../desk";
import { displayName } from "../requests/request";
import { useWords } from "../words/words";
import { BlockView } from "./block_view";
import { useFollowBottom } from "./follow_bottom";
import { group } from "./group";
import { itemOfOwn, standings } from "./standing";
import type { Thread } from "./thread";
import "./history.css";

/** Older items are asked for when less than this (px) is left above. */
const AHEAD = 400;

/** All exchanges of the request, oldest first, with what is still on its way at the end. */
export function History({ thread, request }: { thread: Thread; request: Request }): JSX.Element {
  const { t } = useWords();
  const { agent, connection } = useDesk();
  const scroller = useRef<HTMLDivElement>(null);
  const settled = thread.items.value;
  const unsettled = thread.unsettled.value;
  const items = [...settled, ...unsettled.map((message) => itemOfOwn(message, agent))];
  const states = standings(settled, unsettled, {
    me: agent.id,
    seenSeq: thread.seenSeq.value,
    connected: connection.value === "open",
  });
  const state = thread.historyState.value;
  const { atBottom, onScroll, toBottom } = useFollowBottom(scroller, items[0]?.id, items.at(-1)?.id);
  const unseen = useUnseen(items.length, atBottom);
  const focused = usePageFocus();

  // biome-ignore lint/correctness/useExhaustiveDependencies: what comes new is read when it is seen
  useEffect(() => {
    if (focused && atBottom) thread.markRead();
  }, [focused, atBottom, settled, request.unread, thread]);

  const lastWritten = unsettled.at(-1)?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: who writes wants to see it, wherever they were
  useLayoutEffect(() => {
    if (lastWritten) toBottom();
  }, [lastWritten]);

  const onScrolled = () => {
    onScroll();
    if (thread.hasOlder.value && state === "ready" && (scroller.current?.scrollTop ?? 0) < AHEAD) {
      void thread.loadOlder();
    }
  };
  return (
    <div class="history-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: with the keyboard, it is scrolled from itself */}
      <div class="history" ref={scroller} tabIndex={0} onScroll={onScrolled}>
        <div class="history-content">
          <OlderState thread={thread} />
          <div role="log" aria-label={t("timeline.label")} aria-busy={state === "loading"}>
            {group(items).map((block) => (
              <BlockView key={block.key} block={block} request={request} standings={states} />
            ))}
          </div>
          {state === "ready" && items.length === 0 && <p class="notice">{t("timeline.empty")}</p>}
          <Typing thread={thread} visitorName={displayName(request, t("visitor"))} />
        </div>
      </div>
      {!atBottom && (
        <button
          type="button"
          class="pill history-pill"
          onClick={toBottom}
          aria-label={t("timeline.toBottom")}
        >
          <Icon name="down" />
          {unseen && t("timeline.newMessages")}
        </button>
      )}
    </div>
  );
}

function OlderState({ thread }: { thread: Thread }): JSX.Element | null {
  const { t } = useWords();
  switch (thread.historyState.value) {
    case "loading":
      return thread.items.value.length === 0 ? <HistorySkeleton /> : null;
    case "older":
      return (
        <p class="history-note" role="status">
          {t("timeline.olderLoading")}
        </p>
      );
    case "failed":
    case "olderFailed":
      return (
        <div class="history-note" role="alert">
          <p>{t(thread.historyState.value === "failed" ? "timeline.failed" : "timeline.olderFailed")}</p>
          <button
            type="button"
            class="button"
            onClick={() =>
              void (thread.historyState.value === "failed" ? thread.reload() : thread.loadOlder())
            }
          >
            <Icon name="reload" />
            {t("app.retry")}
          </button>
        </div>
      );
    default:
      return null;
  }
}

function Typing({ thread, visitorName }: { thread: Thread; visitorName: string }): JSX.Element {
  const { t } = useWords();
  const { agent } = useDesk();
  const others = thread.typing.value.filter((author) => author.id !== agent.id);
  const [first] = others;
  const name = first?.kind === "agent" ? first.name : visitorName;
  return (
    <p class="typing" role="status">
      {others.length > 1 && t("timeline.typingMany")}
      {others.length === 1 && name && t("timeline.typing", { name })}
    </p>
  );
}

export function HistorySkeleton(): JSX.Element {
  const { t } = useWords();
  return (
    <div class="history-skeleton" role="status">
      <span class="hidden">{t("timeline.loading")}</span>
      <div class="skeleton" />
      <div class="skeleton own" />
      <div class="skeleton" />
    </div>
  );
}

/** Whether something was added since the reader left the bottom. */
function useUnseen(count: number, atBottom: boolean): boolean {
  const countAtBottom = useRef(count);
  if (atBottom) countAtBottom.current = count;
  return count > countAtBottom.current;
}

/** Whether the agent is looking: the page is visible and has the focus. */
function usePageFocus(): boolean {
  const [focused, setFocused] = useState(document.hasFocus());
  useEffect(() => {
    const look = () => setFocused(document.visibilityState === "visible" && document.hasFocus());
    addEventListener("focus", look);
    addEventListener("blur", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("focus", look);
      removeEventListener("blur", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return focused;
}
