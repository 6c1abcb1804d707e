/** What a reader holds of one conversation: everything up to its cursor, each entry once, in order. */
import type { Entry, SyncedFrame } from "./protocol";

export class ConversationLog {
  readonly id: string;
  readonly entries: Entry[] = [];
  #ask: (afterSeq: number) => void;
  #ahead = new Map<number, Entry>();
  /** The cursor from which a sync was asked and is not yet answered. */
  #askedAfter: number | null = null;

  /** `ask` is called once per gap, with the cursor after which the log must be read again. */
  constructor(id: string, ask: (afterSeq: number) => void) {
    this.id = id;
    this.#ask = ask;
  }

  /** The cursor: the `seq` of the last entry held, 0 for none. */
  get lastSeq(): number {
    return this.entries.length;
  }

  /** Takes an entry in; returns those that can be shown now, in order (none when it is known, or ahead of a gap). */
  receive(entry: Entry): Entry[] {
    if (entry.seq <= this.lastSeq) return [];
    this.#ahead.set(entry.seq, entry);
    const from = this.lastSeq;
    for (let next = this.#ahead.get(from + 1); next; next = this.#ahead.get(this.lastSeq + 1)) {
      this.#ahead.delete(next.seq);
      this.entries.push(next);
    }
    if (this.#ahead.size > 0) this.#askOnce();
    return this.entries.slice(from);
  }

  /** The server has replayed all it had after the cursor. Asks again when entries are still missing. */
  synced(frame: SyncedFrame): void {
    const progressed = this.#askedAfter === null || this.lastSeq > this.#askedAfter;
    this.#askedAfter = null;
    // Without progress a second question would get the same answer; the next live entry asks instead.
    if (progressed && this.lastSeq < frame.last_seq) this.#askOnce();
  }

  /**
   * A new connection: what was asked on the old one will not be answered. Asks when the server has more,
   * or when it is not known how much it has.
   */
  resume(serverLastSeq = Number.POSITIVE_INFINITY): void {
    this.#askedAfter = null;
    if (this.lastSeq < serverLastSeq) this.#askOnce();
  }

  #askOnce(): void {
    if (this.#askedAfter !== null) return;
    this.#askedAfter = this.lastSeq;
    this.#ask(this.lastSeq);
  }
}

/** The own messages that the log does not show yet: the rest of what is on the screen, in the order written. */
export function notYetLogged<Own extends { id: string }>(
  entries: readonly Entry[],
  own: readonly Own[],
): Own[] {
  const logged = new Set(entries.map((entry) => entry.id));
  return own.filter((message) => !logged.has(message.id));
}
