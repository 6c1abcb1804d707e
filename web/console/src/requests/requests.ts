import type { Request } from "@guichet/shared/protocol";
import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { type ListQuery, ORDERS, type Order, type View } from "../app/route";
import type { Api } from "../http/api";
import { Problem } from "../http/problem";
import {
  appendPage,
  applyChange,
  EMPTY_LIST,
  find,
  mergeFirstPage,
  movesCounts,
  type RequestList,
  type RequestPage,
  settle,
} from "./list";
import type { Beside } from "./watching";

export type Loading = "first" | "more" | null;

/** The views whose requests are counted. */
export type CountedView = Exclude<View, "closed">;

const PAGE = 50;
/** Changes come in bursts; the counts are read once after each. */
const COUNTS_DELAY_MS = 800;
/** Others change all the time under load, mostly without moving a count: of them they are read so seldom. */
const OTHERS_DELAY_MS = 3000;

/** The list of requests that the agent looks at, kept true by live changes. */
export class Requests {
  private readonly current = signal<RequestList>(EMPTY_LIST);
  private readonly currentCounts = signal<Record<CountedView, number> | null>(null);
  private readonly currentLoading = signal<Loading>("first");
  private readonly failed = signal<Problem | null>(null);
  readonly list: ReadonlySignal<RequestList> = this.current;
  readonly counts: ReadonlySignal<Record<CountedView, number> | null> = this.currentCounts;
  readonly loading: ReadonlySignal<Loading> = this.currentLoading;
  readonly problem: ReadonlySignal<Problem | null> = this.failed;

  /** How far (px) which list was scrolled, for whoever comes back from another place. */
  place = { list: "", top: 0 };

  private query: ListQuery | null = null;
  private atTop = true;
  /** Grows with each reading from the start: the answer to an earlier one is thrown away. */
  private reading = 0;
  /** For each page on its way, what changed live meanwhile: the page may have been read before that. */
  private readonly meanwhile = new Set<Request[]>();
  private readonly listeners = new Set<(request: Request) => void>();
  private readonly shownBeside = signal<readonly Beside[]>([]);
  /** What is shown besides the list and is to be heard of, too. */
  readonly beside: ReadonlySignal<readonly Beside[]> = this.shownBeside;
  /** Which list the last first page was of. */
  private lastRead = "";
  private countsTimer: ReturnType<typeof setTimeout> | undefined;
  private othersTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    private readonly me: string,
    /** Hears of each page that was read; `again`: a first page of the same list was read before. */
    private readonly pageRead: (requests: readonly Request[], again: boolean) => void = () => {},
  ) {}

  /** Another view or filter: an empty list, then its first page. */
  show(query: ListQuery): void {
    const same = JSON.stringify(query) === JSON.stringify(this.query);
    if (same) return;
    this.query = query;
    this.atTop = true;
    this.current.value = EMPTY_LIST;
    void this.reload();
  }

  /** Reads the first page and the counts again, and merges: at the start, and after any gap in the live feed. */
  async reload(): Promise<void> {
    this.recount(0);
    this.reading += 1;
    if (this.current.value.shown.length === 0) this.currentLoading.value = "first";
    await this.read(null, (list, page) => mergeFirstPage(list, page, this.order));
  }

  async loadMore(): Promise<void> {
    const { cursor } = this.current.value;
    if (cursor === null || this.currentLoading.value !== null || this.failed.value) return;
    this.currentLoading.value = "more";
    await this.read(cursor, appendPage);
  }

  /** After a failure, goes on where it happened. */
  async retry(): Promise<void> {
    this.failed.value = null;
    await (this.current.value.shown.length === 0 ? this.reload() : this.loadMore());
  }

  changed(request: Request): void {
    if (movesCounts(find(this.current.value, request.id), request)) this.recount();
    for (const changes of this.meanwhile) changes.push(request);
    for (const listener of this.listeners) listener(request);
    this.current.value = this.applied(this.current.value, request);
  }

  /** Requests changed that are not shown: they may move the counts. */
  othersChanged(): void {
    this.othersTimer ??= setTimeout(() => {
      this.othersTimer = undefined;
      this.recount(0);
    }, OTHERS_DELAY_MS);
  }

  /** Hears of changes of what `beside` names, and of the list, until the function that it returns is called. */
  listen(listener: (request: Request) => void, beside: Beside): () => void {
    this.listeners.add(listener);
    this.shownBeside.value = [...this.shownBeside.peek(), beside];
    return () => {
      this.listeners.delete(listener);
      this.shownBeside.value = this.shownBeside.peek().filter((part) => part !== beside);
    };
  }

  /** Where the reader is: what arrived while away is shown on coming back to the top. */
  scrolled(atTop: boolean): void {
    if (atTop && !this.atTop) this.current.value = settle(this.current.value, this.order);
    this.atTop = atTop;
  }

  stop(): void {
    this.reading += 1;
    clearTimeout(this.countsTimer);
    clearTimeout(this.othersTimer);
    this.othersTimer = undefined;
  }

  private async read(
    cursor: string | null,
    merge: (list: RequestList, page: RequestPage) => RequestList,
  ): Promise<void> {
    const { reading } = this;
    const changes: Request[] = [];
    this.meanwhile.add(changes);
    try {
      const { order, ...query } = this.query ?? { order: undefined };
      const page = await this.api.get<RequestPage>("/api/v1/requests", {
        ...query,
        ...(order !== ORDERS[0] && { sort: order }),
        limit: PAGE,
        cursor,
      });
      if (reading !== this.reading) return;
      const list = JSON.stringify(this.query);
      this.pageRead(page.items, cursor === null && list === this.lastRead);
      if (cursor === null) this.lastRead = list;
      batch(() => {
        const merged = merge(this.current.value, page);
        this.current.value = changes.reduce((list, request) => this.applied(list, request), merged);
        this.currentLoading.value = null;
        this.failed.value = null;
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (reading !== this.reading) return;
      batch(() => {
        this.currentLoading.value = null;
        this.failed.value = error;
      });
    } finally {
      this.meanwhile.delete(changes);
    }
  }

  private get order(): Order {
    return this.query?.order ?? ORDERS[0];
  }

  private applied(list: RequestList, request: Request): RequestList {
    const { query, me, atTop } = this;
    return query ? applyChange(list, request, { query, me, atTop }) : list;
  }

  private recount(delay = COUNTS_DELAY_MS): void {
    clearTimeout(this.countsTimer);
    this.countsTimer = setTimeout(async () => {
      // The counts are a help: when they cannot be had, the last known ones stay, and the list tells of the failure.
      this.currentCounts.value = await this.api
        .get<Record<CountedView, number>>("/api/v1/requests/counts")
        .catch(() => this.currentCounts.value);
    }, delay);
  }
}
