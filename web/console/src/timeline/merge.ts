/** One timeline out of two sources: the live log of the current conversation, and the request's history over HTTP. */
import type { Entry, TimelineItem } from "@guichet/shared/protocol";

/** What has been read of `GET /requests/{id}/timeline`, from its newest end. */
export interface History {
  readonly items: ReadonlyMap<string, TimelineItem>;
  /** Where older items go on; null when all of them are here. */
  readonly cursor: string | null;
}

/** A page read with `order=desc`. */
export interface HistoryPage {
  items: TimelineItem[];
  next_cursor: string | null;
}

export const NO_HISTORY: History = { items: new Map(), cursor: null };

/**
 * The newest page, read again after a change: joined to what is known, or starting anew when it does not reach it.
 * Down to its oldest item it is the truth: what is missing there was moved to another request.
 */
export function mergeNewest(history: History, page: HistoryPage): History {
  const meets = page.next_cursor === null || page.items.some((item) => history.items.has(item.id));
  const empty = history.items.size === 0;
  if (empty || !meets) return { items: byId(page.items), cursor: page.next_cursor };
  const reach = page.next_cursor === null ? "" : oldest(page.items);
  const below = [...history.items].filter(([, item]) => item.at <= reach);
  return { ...history, items: new Map([...below, ...byId(page.items)]) };
}

/** Without an item that is known to be on another request now, however old it is. */
export function without(history: History, itemId: string): History {
  return { ...history, items: new Map([...history.items].filter(([id]) => id !== itemId)) };
}

/** The newest message or e-mail of these; `only` narrows down which of them. */
export function newestSaid(
  history: History,
  only: (item: TimelineItem) => boolean = () => true,
): TimelineItem | null {
  const said = [...history.items.values()].filter(
    (item) => (item.kind === "message" || item.kind === "email") && only(item),
  );
  return said.sort(byTime).at(-1) ?? null;
}

/** Whether it is read by being told so, not by the log's own marks: an e-mail or a form from outside. */
export function isLetter({ direction, kind, channel }: TimelineItem): boolean {
  return direction === "inbound" && (kind === "email" || channel === "web_form");
}

/** The page before the oldest one known. */
export function mergeOlder(history: History, page: HistoryPage): History {
  return { items: new Map([...byId(page.items), ...history.items]), cursor: page.next_cursor };
}

/**
 * All that is to be shown, oldest first. Of the current conversation, messages and the closing come from its log as
 * soon as that is there. While older history is still to be read, the log is shown no further back than the history, so that reading
 * it adds above what is shown and never in between.
 */
export function timeline(
  history: History,
  log: readonly Entry[],
  conversationId: string | null,
): TimelineItem[] {
  const fromHistory = [...history.items.values()];
  const horizon = history.cursor === null ? "" : oldest(fromHistory);
  return [
    ...fromHistory.filter((item) => log.length === 0 || !isInLog(item, conversationId)),
    ...log.filter((entry) => entry.at >= horizon).map(itemOf),
  ].sort(byTime);
}

function isInLog(item: TimelineItem, conversationId: string | null): boolean {
  if (!conversationId || item.conversation_id !== conversationId) return false;
  return item.kind === "message" || item.event?.name === "conversation_closed";
}

/** A log entry told as the history would tell it. */
function itemOf(entry: Entry): TimelineItem {
  const common = {
    id: entry.id,
    at: entry.at,
    channel: "chat",
    author: entry.author,
    delivery: null,
    conversation_id: entry.conversation_id,
    seq: entry.seq,
  } as const;
  if (entry.kind === "message") {
    const direction = entry.author.kind === "agent" ? "outbound" : "inbound";
    return { ...common, kind: "message", direction, text: entry.text, attachments: entry.attachments };
  }
  const event = { name: "conversation_closed", to: entry.request_status, by: entry.author } as const;
  return { ...common, kind: "event", direction: "internal", text: "", attachments: [], event };
}

function byTime(a: TimelineItem, b: TimelineItem): number {
  return a.at.localeCompare(b.at) || (a.seq ?? 0) - (b.seq ?? 0) || a.id.localeCompare(b.id);
}

function oldest(items: TimelineItem[]): string {
  return items.map((item) => item.at).sort()[0] ?? "";
}

function byId(items: TimelineItem[]): Map<string, TimelineItem> {
  return new Map(items.map((item) => [item.id, item]));
}
