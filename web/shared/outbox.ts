/** Messages written and not yet in the log. Kept in a storage before they are first sent, until the server has them. */
import type { AcceptedFrame, Attachment, Entry, ErrorFrame, PostFrame } from "./protocol";

export interface OwnMessage {
  /** Made here; the server answers a repeat of it with the first result. */
  id: string;
  text: string;
  /** As first sent, and never changed afterwards: a resend must be the same message. */
  conversation_id?: string;
  receipts?: string[];
  /** What the receipts stand for: shown here until the log shows it, and never sent. */
  attachments?: Attachment[];
  /** Milliseconds since 1970, growing from one message to the next: the order in which they leave. */
  written_at: number;
  state: "sending" | "sent" | "refused";
  /** Why it was refused: an error code of the protocol. */
  code?: string;
}

export interface OutboxOptions {
  storage: Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;
  /** One key per message is stored under this prefix, so that two tabs never overwrite each other's. */
  prefix: string;
  /** False when there is no connection now. */
  send: (frame: PostFrame) => boolean;
  onChange: () => void;
}

type Target = Pick<OwnMessage, "conversation_id" | "receipts" | "attachments">;

/** Refusals that pass: the same message is tried again. */
const PASSING = new Set(["unavailable", "rate_limited"]);
const RETRY_AFTER = 2_000;
/** A server that has not answered in this time (ms) is asked again; the id makes the repeat harmless. */
const ANSWER_WITHIN = 10_000;

/**
 * Within a conversation one message is on its way at a time, so a later one can never overtake an earlier one,
 * whatever is lost or refused in between.
 */
export class Outbox {
  #options: OutboxOptions;
  #messages: OwnMessage[] = [];
  #stored = new Set<string>();
  /** Messages on the wire, each with the timer that sends it again. */
  #flying = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#reload();
  }

  /** All that is not yet in the log, in the order written. */
  get messages(): readonly OwnMessage[] {
    return this.#messages;
  }

  post(text: string, target: Target = {}): OwnMessage {
    const last = this.#messages.at(-1)?.written_at ?? 0;
    const message: OwnMessage = {
      id: crypto.randomUUID(),
      text,
      ...target,
      written_at: Math.max(Date.now(), last + 1),
      state: "sending",
    };
    this.#messages.push(message);
    this.#store(message);
    this.#flush();
    this.#options.onChange();
    return message;
  }

  /** The socket is ready: everything unanswered goes out again, in order, with what other tabs left behind. */
  resume(): void {
    this.pause();
    this.#reload();
    this.#flush();
    this.#options.onChange();
  }

  /** The socket is gone, and with it the answers to what was on the wire. */
  pause(): void {
    for (const timer of this.#flying.values()) clearTimeout(timer);
    this.#flying.clear();
  }

  /** The server has it for good. It stays visible here until its entry comes. */
  accepted(frame: AcceptedFrame): void {
    const message = this.#landed(frame.id);
    if (message) {
      message.state = "sent";
      this.#forget(message.id);
    }
    this.#flush();
    this.#options.onChange();
  }

  /** An entry of the log: when it is one of ours, the log shows it from now on. */
  logged(entry: Entry): void {
    if (!this.#landed(entry.id)) return;
    this.#remove(entry.id);
    this.#flush();
    this.#options.onChange();
  }

  refused(frame: ErrorFrame): void {
    const message = frame.ref ? this.#landed(frame.ref) : undefined;
    if (!message) return;
    if (PASSING.has(frame.code)) {
      this.#flying.set(
        message.id,
        setTimeout(() => this.#again(message.id), RETRY_AFTER),
      );
    } else {
      message.state = "refused";
      message.code = frame.code;
      this.#store(message);
    }
    this.#flush();
    this.#options.onChange();
  }

  /** Writes a refused message anew: another message for the server, at another place if need be. */
  rewrite(id: string, target: Target = {}): OwnMessage | undefined {
    const message = this.#messages.find((candidate) => candidate.id === id);
    if (!message) return undefined;
    this.#remove(id);
    const { receipts, attachments } = message;
    return this.post(message.text, {
      ...(receipts && { receipts }),
      ...(attachments && { attachments }),
      ...target,
    });
  }

  discard(id: string): void {
    this.#remove(id);
    this.#options.onChange();
  }

  #flush(): void {
    const busy = new Set<string | undefined>();
    for (const message of this.#messages) {
      if (message.state !== "sending" || busy.has(message.conversation_id)) continue;
      busy.add(message.conversation_id);
      if (!this.#flying.has(message.id)) this.#send(message);
    }
  }

  #send({ id, text, conversation_id, receipts }: OwnMessage): void {
    const frame: PostFrame = { type: "message.post", id, text };
    if (conversation_id !== undefined) frame.conversation_id = conversation_id;
    if (receipts !== undefined) frame.receipts = receipts;
    if (this.#options.send(frame))
      this.#flying.set(
        id,
        setTimeout(() => this.#again(id), ANSWER_WITHIN),
      );
  }

  #again(id: string): void {
    this.#flying.delete(id);
    this.#flush();
  }

  #landed(id: string): OwnMessage | undefined {
    clearTimeout(this.#flying.get(id));
    this.#flying.delete(id);
    return this.#messages.find((message) => message.id === id);
  }

  #remove(id: string): void {
    this.#landed(id);
    this.#messages = this.#messages.filter((message) => message.id !== id);
    this.#forget(id);
  }

  #store(message: OwnMessage): void {
    try {
      this.#options.storage.setItem(this.#options.prefix + message.id, JSON.stringify(message));
      this.#stored.add(message.id);
    } catch {
      // A full or forbidden storage must not keep anyone from writing: the message lives as long as this page.
    }
  }

  #forget(id: string): void {
    this.#options.storage.removeItem(this.#options.prefix + id);
    this.#stored.delete(id);
  }

  /** Takes in what other tabs stored, and lets go of what they have seen through. */
  #reload(): void {
    const { storage, prefix } = this.#options;
    const found = new Set<string>();
    for (let index = 0; index < storage.length; index += 1) {
      const key = storage.key(index);
      if (!key?.startsWith(prefix)) continue;
      const id = key.slice(prefix.length);
      found.add(id);
      if (this.#stored.has(id)) continue;
      const value = storage.getItem(key);
      if (value) this.#messages.push(JSON.parse(value));
    }
    this.#messages = this.#messages.filter(({ id }) => found.has(id) || !this.#stored.has(id));
    this.#stored = found;
    this.#messages.sort((a, b) => a.written_at - b.written_at);
  }
}
