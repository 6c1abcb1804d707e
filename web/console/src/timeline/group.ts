/** How the timeline is laid out: days, and consecutive words of one author together. */
import type { TimelineItem } from "@guichet/shared/protocol";

export type Block =
  | { kind: "day"; key: string; at: string }
  | { kind: "event"; key: string; item: TimelineItem }
  /** Messages, e-mails or notes of one author, in one go. */
  | { kind: "group"; key: string; items: [TimelineItem, ...TimelineItem[]] };

/** A pause longer than this begins a new group, with its author and time told again. */
const PAUSE_MS = 5 * 60_000;

/** @param items oldest first */
export function group(items: readonly TimelineItem[]): Block[] {
  const blocks: Block[] = [];
  let day = "";
  for (const item of items) {
    const itsDay = new Date(item.at).toDateString();
    if (itsDay !== day) blocks.push({ kind: "day", key: `day ${itsDay}`, at: item.at });
    day = itsDay;
    const last = blocks.at(-1);
    if (item.kind === "event") blocks.push({ kind: "event", key: item.id, item });
    else if (last?.kind === "group" && continues(last.items, item)) last.items.push(item);
    else blocks.push({ kind: "group", key: item.id, items: [item] });
  }
  return blocks;
}

function continues(items: readonly TimelineItem[], next: TimelineItem): boolean {
  const last = items.at(-1);
  return (
    last !== undefined &&
    last.kind === next.kind &&
    last.kind !== "email" &&
    last.channel === next.channel &&
    last.author.kind === next.author.kind &&
    last.author.id === next.author.id &&
    Date.parse(next.at) - Date.parse(last.at) <= PAUSE_MS
  );
}
