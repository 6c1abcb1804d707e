import type { JSX } from "preact";
import { useCallback, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { useShortcut } from "../app/keys";
import { isFiltered, listQuery, NO_FILTERS } from "../app/route";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { RequestRow } from "./request_row";
import { rowWindow } from "./window";
import "./request_rows.css";

/** Pixels; `--row` in the tokens says the same to the styles. */
const ROW = 60;
/** The next page is asked for when fewer rows than this are left below. */
const AHEAD = 20;

/** The list itself: only the rows in sight are drawn, and none moves under the reader. */
export function RequestRows(): JSX.Element {
  const { t } = useWords();
  const { requests, router } = useDesk();
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  const { shown, waiting, cursor } = requests.list.value;
  const { requestId } = router.route.value;
  const query = listQuery(router.route.value);
  const queryKey = JSON.stringify(query);

  /** The topmost row in sight, and how far (px) it is cut: it stays where it is when rows come and go above. */
  const anchor = useRef({ id: "", cut: 0 });
  const measure = useCallback(() => {
    const element = scroller.current;
    if (element) setView({ top: element.scrollTop, height: element.clientHeight });
  }, []);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
    if (scroller.current) observer.observe(scroller.current);
    return () => observer.disconnect();
  }, [measure]);
  // Another list starts at its top; the same one where it was left for another place.
  useLayoutEffect(() => {
    const { place } = requests;
    scroller.current?.scrollTo(0, place.list === queryKey ? place.top : 0);
  }, [queryKey, requests]);

  const { first, end } = rowWindow(view.top, view.height, ROW, shown.length);
  useLayoutEffect(() => {
    if (end > shown.length - AHEAD) void requests.loadMore();
  }, [end, shown.length, requests]);

  const atTop = view.top < ROW / 2;
  useLayoutEffect(() => {
    const index = shown.findIndex((request) => request.id === anchor.current.id);
    if (scroller.current && !atTop && index >= 0)
      scroller.current.scrollTop = index * ROW + anchor.current.cut;
  }, [shown, atTop]);

  const onScroll = () => {
    measure();
    const top = scroller.current?.scrollTop ?? 0;
    requests.place = { list: queryKey, top };
    anchor.current = { id: shown[Math.floor(top / ROW)]?.id ?? "", cut: top % ROW };
    requests.scrolled(top < ROW / 2);
  };

  const moveFocus = (step: number) => {
    const focused = document.activeElement?.closest<HTMLElement>("[data-request-id]")?.dataset.requestId;
    const from = shown.findIndex((request) => request.id === (focused ?? requestId));
    const index = Math.max(0, Math.min(shown.length - 1, from + step));
    const target = shown[index];
    const element = scroller.current;
    if (!target || !element) return;
    const top = index * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW > element.scrollTop + element.clientHeight)
      element.scrollTop = top + ROW - element.clientHeight;
    element
      .querySelector<HTMLElement>(`[data-request-id="${CSS.escape(target.id)}"]`)
      ?.focus({ preventScroll: true });
  };
  useShortcut("next", shown.length > 0 ? () => moveFocus(1) : null);
  useShortcut("previous", shown.length > 0 ? () => moveFocus(-1) : null);

  return (
    <div class="rows-frame">
      {waiting.length > 0 && (
        <button
          type="button"
          class="pill"
          onClick={() => scroller.current?.scrollTo({ top: 0, behavior: "smooth" })}
        >
          <Icon name="up" />
          {t("requests.arrivals", { count: waiting.length })}
        </button>
      )}
      <div class="rows-scroller" ref={scroller} onScroll={onScroll}>
        {/* biome-ignore lint/a11y/useSemanticElements: rows are placed by hand, which ul would not change */}
        <div
          role="list"
          aria-label={t("requests.title")}
          aria-busy={requests.loading.value === "first"}
          class="rows"
          data-still={!atTop}
          style={{ height: `${shown.length * ROW}px` }}
        >
          {shown.slice(first, end).map((request, offset) => (
            <RequestRow
              key={request.id}
              request={request}
              selected={request.id === requestId}
              top={(first + offset) * ROW}
              position={first + offset + 1}
              total={cursor === null ? shown.length : -1}
            />
          ))}
        </div>
        <RowsState filtered={isFiltered(query)} />
      </div>
    </div>
  );
}

/** What stands below the rows, or in their place. */
function RowsState({ filtered }: { filtered: boolean }): JSX.Element | null {
  const { t } = useWords();
  const { requests, router } = useDesk();
  const empty = requests.list.value.shown.length === 0;
  if (requests.problem.value) {
    return (
      <div class="notice" role="alert">
        <p>{t(empty ? "requests.failed" : "requests.moreFailed")}</p>
        <button type="button" class="button" onClick={() => void requests.retry()}>
          <Icon name="reload" />
          {t("app.retry")}
        </button>
      </div>
    );
  }
  if (requests.loading.value !== null) return <RowSkeletons count={empty ? 8 : 2} />;
  if (!empty) return null;
  return (
    <div class="notice">
      <p>{t(filtered ? "requests.empty.filtered" : `requests.empty.${router.route.value.view}`)}</p>
      {filtered && (
        <button type="button" class="button" onClick={() => router.go(NO_FILTERS)}>
          {t("requests.filter.clear")}
        </button>
      )}
    </div>
  );
}

function RowSkeletons({ count }: { count: number }): JSX.Element {
  const { t } = useWords();
  return (
    <div role="status">
      <span class="hidden">{t("requests.loading")}</span>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <div class="row-skeleton" key={index}>
          <div class="skeleton" />
          <div class="skeleton" />
        </div>
      ))}
    </div>
  );
}
