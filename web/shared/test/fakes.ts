import type { ClosedEntry, MessageEntry } from "../protocol";

/** A server's end of a socket, driven by the test. */
export class FakeWebSocket {
  static all: FakeWebSocket[] = [];
  static get last(): FakeWebSocket {
    return FakeWebSocket.all.at(-1) as FakeWebSocket;
  }

  sent: { type: string }[] = [];
  closedByClient = false;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    FakeWebSocket.all.push(this);
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.closedByClient = true;
  }

  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  dies(code = 1006): void {
    this.onclose?.({ code });
  }
}

export class FakeStorage {
  #items = new Map<string, string>();
  refusing = false;

  get length(): number {
    return this.#items.size;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.refusing) throw new DOMException("full", "QuotaExceededError");
    this.#items.set(key, value);
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }
}

const AT = "2026-01-05T10:00:00.000Z";

export function message(seq: number, more: Partial<MessageEntry> = {}): MessageEntry {
  return {
    conversation_id: "c1",
    seq,
    id: `m${seq}`,
    kind: "message",
    author: { kind: "agent", id: "a1", name: "Caro" },
    text: `text ${seq}`,
    attachments: [],
    at: AT,
    ...more,
  };
}

export function closing(seq: number): ClosedEntry {
  return {
    conversation_id: "c1",
    seq,
    id: `m${seq}`,
    kind: "closed",
    author: { kind: "agent", id: "a1", name: "Caro" },
    request_status: "closed",
    at: AT,
  };
}
