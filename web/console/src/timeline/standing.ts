/** How own messages stand, from the pressing of Enter until the customer has seen them. */
import type { OwnMessage } from "@guichet/shared/outbox";
import type { Agent, TimelineItem } from "@guichet/shared/protocol";

export interface Standing {
  state: "sending" | "waiting" | "sent" | "seen" | "refused";
  /** Whether it is said in words: under the last own message only, and under each refused one. */
  told: boolean;
  /** Why it was refused: an error code of the protocol. */
  code?: string | undefined;
}

export interface Situation {
  me: string;
  /** The last entry that the visitor has seen. */
  seenSeq: number;
  connected: boolean;
}

/** By message id, for all messages of one agent among the items that are shown. */
export function standings(
  items: readonly TimelineItem[],
  unsettled: readonly OwnMessage[],
  { me, seenSeq, connected }: Situation,
): Map<string, Standing> {
  const found = new Map<string, Standing>();
  for (const { id, seq, kind, author } of items) {
    if (kind !== "message" || author.id !== me) continue;
    found.set(id, { state: seq && seq <= seenSeq ? "seen" : "sent", told: false });
  }
  for (const { id, state, code } of unsettled) {
    if (state === "refused") found.set(id, { state, told: true, code });
    else found.set(id, { state: state === "sending" && !connected ? "waiting" : state, told: false });
  }
  const last = [...found.values()].at(-1);
  if (last) last.told = true;
  return found;
}

/** An own message told as the history will tell it, under the same id: so it keeps its place once it is logged. */
export function itemOfOwn(message: OwnMessage, me: Agent): TimelineItem {
  const { id, text, attachments = [], written_at, conversation_id } = message;
  return {
    id,
    at: new Date(written_at).toISOString(),
    kind: "message",
    channel: "chat",
    direction: "outbound",
    author: { kind: "agent", id: me.id, name: me.name },
    text,
    attachments,
    delivery: null,
    ...(conversation_id && { conversation_id }),
  };
}
