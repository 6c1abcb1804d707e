/** The request list as a value: what a page, a live change or the reader's scrolling makes of it. */
import type { Request } from "@guichet/shared/protocol";
import type { ListQuery, Order } from "../app/route";
import type { Page } from "../http/pages";
import { beginsWords } from "../words/folded";
import { PRIORITIES } from "./request";

export interface RequestList {
  /** What the rows show, in the order of the list, except while the reader is away from the top. */
  readonly shown: readonly Request[];
  /** Arrived while the reader was away from the top: announced, not yet shown, so that nothing jumps. */
  readonly waiting: readonly Request[];
  /** Where the next page starts; null at the end of the list. */
  readonly cursor: string | null;
}

export type RequestPage = Page<Request>;

export const EMPTY_LIST: RequestList = { shown: [], waiting: [], cursor: null };

/** The views and filters of `GET /api/v1/requests`, for the changes that come live. */
export function belongs(request: Request, query: ListQuery, me: string): boolean {
  const { assignee, contact } = request;
  const values = { ...request, assignee_id: assignee?.id ?? null, contact_id: contact?.id ?? null };
  if (EQUALS.some((filter) => query[filter] !== null && query[filter] !== values[filter])) return false;
  if (query.automatic !== null && query.automatic !== String(request.automatic ?? false)) return false;
  if (query.q !== null && !isFound(request, query.q)) return false;
  switch (query.view) {
    case "all":
      return true;
    case "open":
      return request.status !== "closed";
    case "mine":
      return request.status !== "closed" && request.assignee?.id === me;
    case "unassigned":
      return request.status !== "closed" && request.assignee === null;
    case "closed":
      return request.status === "closed";
  }
}

const EQUALS = ["channel", "status", "priority", "reason_id", "assignee_id", "contact_id"] as const;

/** By its number, or by the beginnings of words of its name and subject. */
function isFound({ number, contact, visitor, subject }: Request, q: string): boolean {
  if (q.replace(/^#/, "") === String(number)) return true;
  return beginsWords([contact?.name ?? visitor?.name, subject].filter(Boolean).join(" "), q);
}

/** The next page goes below; what came live meanwhile and is newer stays. */
export function appendPage(list: RequestList, page: RequestPage): RequestList {
  const known = new Map(list.shown.map((request) => [request.id, request]));
  const newer = new Map(page.items.map((request) => [request.id, newest(known.get(request.id), request)]));
  return {
    shown: [
      ...list.shown.map((request) => newer.get(request.id) ?? request),
      ...page.items.filter((request) => !known.has(request.id)),
    ],
    waiting: list.waiting.filter((request) => !newer.has(request.id)),
    cursor: page.next_cursor,
  };
}

/**
 * The first page read again after a gap in the live feed. It is the truth down to its last row: what is missing
 * there has left the view. Rows further down are kept only when the page ends before them.
 */
export function mergeFirstPage(list: RequestList, page: RequestPage, order: Order): RequestList {
  const compare = comparing(order);
  const known = new Map([...list.shown, ...list.waiting].map((request) => [request.id, request]));
  const fresh = page.items.map((request) => newest(known.get(request.id), request));
  const last = page.items.at(-1);
  if (page.next_cursor === null || last === undefined)
    return { shown: fresh.sort(compare), waiting: [], cursor: null };
  const ids = new Set(fresh.map((request) => request.id));
  const below = list.shown.filter((request) => !ids.has(request.id) && compare(last, request) < 0);
  // Without an overlap there may be unread pages between the two: start again from the fresh page.
  const joined = list.shown.some((request) => ids.has(request.id)) && below.length > 0;
  return {
    shown: [...fresh, ...(joined ? below : [])].sort(compare),
    waiting: [],
    cursor: joined ? list.cursor : page.next_cursor,
  };
}

/** A live change. Away from the top, rows keep their places and a new one waits. */
export function applyChange(
  list: RequestList,
  request: Request,
  { query, me, atTop }: { query: ListQuery; me: string; atTop: boolean },
): RequestList {
  const known = find(list, request.id);
  if (known && known.version >= request.version) return list;
  const compare = comparing(query.order);
  const others = (requests: readonly Request[]) => requests.filter((other) => other.id !== request.id);
  if (!belongs(request, query, me)) {
    return { ...list, shown: others(list.shown), waiting: others(list.waiting) };
  }
  if (list.shown.some((shown) => shown.id === request.id)) {
    const replaced = list.shown.map((shown) => (shown.id === request.id ? request : shown));
    return { ...list, shown: atTop ? replaced.sort(compare) : replaced };
  }
  const last = list.shown.at(-1);
  // Older than all that is loaded: the page it is on brings it.
  if (list.cursor !== null && last && compare(last, request) < 0) return list;
  if (atTop) return { ...list, shown: [...list.shown, request].sort(compare) };
  return { ...list, waiting: [...others(list.waiting), request] };
}

/** The reader is back at the top: what waited is shown, and every row goes to its place. */
export function settle(list: RequestList, order: Order): RequestList {
  return { ...list, shown: [...list.shown, ...list.waiting].sort(comparing(order)), waiting: [] };
}

/** Whether a change can alter the counts of the views, as most (a message, a preview) cannot. */
export function movesCounts(before: Request | undefined, after: Request): boolean {
  return before?.status !== after.status || before.assignee?.id !== after.assignee?.id;
}

export function find(list: RequestList, id: string): Request | undefined {
  return list.shown.find((request) => request.id === id) ?? list.waiting.find((request) => request.id === id);
}

function newest(known: Request | undefined, read: Request): Request {
  return known && known.version > read.version ? known : read;
}

function byActivity(a: Request, b: Request): number {
  return b.last_activity_at.localeCompare(a.last_activity_at) || b.id.localeCompare(a.id);
}

function byCreation(a: Request, b: Request): number {
  return a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id);
}

function byPriority(a: Request, b: Request): number {
  return PRIORITIES.indexOf(b.priority) - PRIORITIES.indexOf(a.priority) || byActivity(a, b);
}

function comparing(order: Order): (a: Request, b: Request) => number {
  return { "-last_activity_at": byActivity, created_at: byCreation, "-priority": byPriority }[order];
}
