/** What the message list shows, one item per line of the screen's story. Pure. */
import type { OwnMessage } from "@guichet/shared/outbox";
import type { Attachment, Author, Entry } from "@guichet/shared/protocol";
import type { Place } from "./chat";

export type BubbleState = OwnMessage["state"] | "seen";

export interface Bubble {
  kind: "bubble";
  key: string;
  mine: boolean;
  author: Author | null;
  text: string;
  attachments: Attachment[];
  at: Date;
  /** First and last of a group: consecutive messages of one author. */
  first: boolean;
  last: boolean;
  /** Only where it is told: under one's own last message, and under each refused one. */
  state?: BubbleState;
  code?: string | undefined;
}

export type Item =
  | Bubble
  | { kind: "day"; key: string; at: Date }
  | { kind: "new"; key: string }
  | { kind: "closed"; key: string; entry: Entry; at: Date };

export function thread(entries: readonly Entry[], own: readonly OwnMessage[], seen: Place | null): Item[] {
  const items: Item[] = [];
  let day = "";
  let conversation: string | undefined;

  function dayOf(at: Date): void {
    if (at.toDateString() === day) return;
    day = at.toDateString();
    items.push({ kind: "day", key: `day ${day}`, at });
  }

  for (const entry of entries) {
    const at = new Date(entry.at);
    dayOf(at);
    if (conversation !== undefined && entry.conversation_id !== conversation) {
      items.push({ kind: "new", key: `new ${entry.conversation_id}` });
    }
    conversation = entry.conversation_id;
    if (entry.kind === "closed") {
      items.push({ kind: "closed", key: entry.id, entry, at });
      continue;
    }
    const mine = entry.author.kind === "visitor";
    const read = seen?.conversation_id === conversation && seen.seq >= entry.seq;
    items.push({
      kind: "bubble",
      key: entry.id,
      mine,
      author: entry.author,
      text: entry.text,
      attachments: entry.attachments,
      at,
      first: true,
      last: true,
      ...(mine && { state: read ? "seen" : "sent" }),
    });
  }

  for (const message of own) {
    const at = new Date(message.written_at);
    dayOf(at);
    items.push({
      kind: "bubble",
      key: message.id,
      mine: true,
      author: null,
      text: message.text,
      attachments: message.attachments ?? [],
      at,
      first: true,
      last: true,
      state: message.state,
      code: message.code,
    });
  }
  return tellLastState(group(items));
}

function group(items: Item[]): Item[] {
  items.forEach((item, index) => {
    const before = items[index - 1];
    if (item.kind !== "bubble" || before?.kind !== "bubble" || before.mine !== item.mine) return;
    if (!item.mine && before.author?.id !== item.author?.id) return;
    before.last = false;
    item.first = false;
  });
  return items;
}

function tellLastState(items: Item[]): Item[] {
  const lastMine = items.findLast((item) => item.kind === "bubble" && item.mine);
  for (const item of items) {
    if (item.kind === "bubble" && item !== lastMine && item.state !== "refused") delete item.state;
  }
  return items;
}
