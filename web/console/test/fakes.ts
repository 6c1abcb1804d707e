import type { Email, MessageEntry, Request, TimelineItem } from "@guichet/shared/protocol";
import type { Call } from "../src/http/http";

/** A request of a visitor, as a list has it; `minute` is when it last lived. */
export function request(id: string, minute: number, change: Partial<Request> = {}): Request {
  return {
    id,
    number: 1,
    channel: "chat",
    status: "new",
    priority: "low",
    reason_id: null,
    subject: null,
    preview: "Bonjour",
    contact: null,
    visitor: { id: "0198f0aa-0000-7000-8000-000000004f2a", name: null, email: null },
    assignee: null,
    conversation: { id: "conversation", state: "open", last_seq: 1 },
    unread: 0,
    last_activity_at: at(minute),
    created_at: at(0),
    closed_at: null,
    version: 1,
    ...change,
  };
}

/** A message of the visitor's, as the history has it. */
export function item(id: string, minute: number, change: Partial<TimelineItem> = {}): TimelineItem {
  return {
    id,
    at: at(minute),
    kind: "message",
    channel: "chat",
    direction: "inbound",
    author: { kind: "visitor", id: "visitor", name: null },
    text: id,
    attachments: [],
    delivery: null,
    ...change,
  };
}

/** A plain e-mail of the contact's. */
export function email(change: Partial<Email>): Email {
  return {
    ...{
      subject: "Commande",
      from: { email: "ada@example.org", name: "Ada" },
      to: [],
      cc: [],
      mailbox: null,
    },
    ...{ message_id: null, kind: "message", why: "", text_signature: "", text_quoted: "", html_quoted: "" },
    ...{ placed: null, other_sender: false, signed: null, encrypted: false, notes: [], bounce: null },
    ...{ invitation: null, automatic: false, ...change },
  };
}

/** A message of the visitor's, as the log has it. */
export function entry(seq: number, minute = seq, change: Partial<MessageEntry> = {}): MessageEntry {
  return {
    kind: "message",
    conversation_id: "conversation",
    seq,
    id: `message ${seq}`,
    author: { kind: "visitor", id: "visitor", name: null },
    at: at(minute),
    text: `message ${seq}`,
    attachments: [],
    ...change,
  };
}

export function at(minute: number): string {
  return new Date(Date.UTC(2026, 0, 5, 12, minute)).toISOString();
}

/** Answers each call by its method and path; what has no answer prepared fails the test. */
export class FakeApi {
  readonly calls: Call[] = [];
  readonly answers = new Map<string, (call: Call) => unknown>();

  get<T>(path: string, query?: Call["query"]): Promise<T> {
    return this.call<T>({ method: "GET", path, ...(query && { query }) });
  }

  async call<T>(call: Call): Promise<T> {
    this.calls.push(call);
    const answer = this.answers.get(`${call.method} ${call.path}`);
    if (!answer) throw new Error(`nothing answers ${call.method} ${call.path}`);
    return (await answer(call)) as T;
  }

  blob(path: string): Promise<Blob> {
    return this.call<Blob>({ method: "GET", path });
  }
}

export class FakeStorage {
  readonly items = new Map<string, string>();

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }
}

/** Lets everything that is already due happen. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
