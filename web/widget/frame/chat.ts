/** The visitor's side of the chat: what was said, what is on its way, what the connection does. Knows no screen. */
import { ConversationLog, notYetLogged } from "@guichet/shared/log";
import type { Memory } from "@guichet/shared/memory";
import { Outbox, type OutboxOptions, type OwnMessage } from "@guichet/shared/outbox";
import type { Author, CustomerReceived, CustomerSent, Entry } from "@guichet/shared/protocol";
import { GuichetSocket, type SocketState } from "@guichet/shared/socket";
import { type Session, SiteRefused } from "./session";

/** Conversations of earlier days that stay readable above the current one. */
const CONVERSATIONS_KEPT = 5;
const TYPING_REPEATED_AFTER = 3_000;
const TYPING_OVER_AFTER = 6_000;
const ASK_AGAIN_AFTER = 2_000;

export interface ChatOptions {
  session: Session;
  /** A message with files was refused: where its receipts have expired, it is written anew with others. */
  renew: (message: OwnMessage, outbox: Outbox) => void;
  memory: Memory;
  outbox: Pick<OutboxOptions, "storage" | "prefix">;
  /** Address of the customers' socket. */
  url: string;
  /** Something that is shown has changed. */
  onChange: () => void;
}

export interface Place {
  conversation_id: string;
  seq: number;
}

export class Chat {
  connection: SocketState = "closed";
  /** The site refuses the widget here: nothing will come of trying again. */
  unavailable = false;
  /** Every conversation known, oldest first, each in its order. */
  entries: readonly Entry[] = [];
  /** Own messages that the log does not hold yet. */
  own: readonly OwnMessage[] = [];
  typist: Author | null = null;
  /** How far the agents have read. */
  seen: Place | null = null;

  readonly session: Session;
  #memory: Memory;
  #onChange: () => void;
  #renew: ChatOptions["renew"];
  #logs = new Map<string, ConversationLog>();
  #outbox: Outbox;
  #socket: GuichetSocket<CustomerReceived, CustomerSent>;
  #looking = false;
  #read: Place | null;
  /** The closed conversation after which the visitor chose to write again. */
  #writingAfter: string | undefined;
  #lastTyping = 0;
  #typingOver: ReturnType<typeof setTimeout> | undefined;

  constructor({ session, renew, memory, outbox, url, onChange }: ChatOptions) {
    this.session = session;
    this.#renew = renew;
    this.#memory = memory;
    this.#onChange = onChange;
    this.#read = JSON.parse(memory.get("read") ?? "null");
    for (const id of JSON.parse(memory.get("conversations") ?? "[]")) this.#log(id);
    this.#outbox = new Outbox({
      ...outbox,
      send: (frame) => this.#socket.send(frame),
      onChange: () => this.#changed(),
    });
    this.own = this.#outbox.messages;
    this.#socket = new GuichetSocket({
      url,
      token: (renew) =>
        session.token(renew).catch((error) => {
          if (error instanceof SiteRefused) this.#refuse();
          throw error;
        }),
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#enter(state),
    });
  }

  /** The conversation is closed, and the visitor has not chosen to write again. */
  get closed(): boolean {
    const last = this.entries.at(-1);
    return last?.kind === "closed" && last.conversation_id !== this.#writingAfter;
  }

  /** The visitor has written, and no answer could reach them after they have left. */
  get mayAskWho(): boolean {
    return !this.#memory.get("asked") && !this.closed && this.entries.length + this.own.length > 0;
  }

  /** The visitor has answered, or does not want to be asked. */
  doNotAsk(): void {
    this.#memory.set("asked", "1");
    this.#changed();
  }

  /** How many of the agents' messages the visitor has not had before the eyes. */
  get unread(): number {
    return this.#unreadEntries.length;
  }

  /** There is something to stay connected for, also after the next page load; null as long as it is not known. */
  get active(): boolean | null {
    if (this.#openId || this.unread > 0 || this.own.some(({ state }) => state === "sending")) return true;
    return this.#logs.size > 0 && this.entries.length === 0 ? null : false;
  }

  /** Whether the visitor has the panel before the eyes; what is listed then counts as read. */
  set looking(looking: boolean) {
    this.#looking = looking;
    this.#changed();
  }

  get #openId(): string | undefined {
    const last = this.entries.at(-1);
    return last?.kind === "message" ? last.conversation_id : undefined;
  }

  get #unreadEntries(): Entry[] {
    const current = this.entries.at(-1)?.conversation_id;
    const read = this.#read?.conversation_id === current ? (this.#read?.seq ?? 0) : 0;
    return this.entries.filter(
      ({ kind, author, conversation_id, seq }) =>
        kind === "message" && author.kind === "agent" && conversation_id === current && seq > read,
    );
  }

  /** Opens the session, if it is not yet; from then on it stays connected. */
  start(): void {
    if (!this.unavailable) this.#socket.open();
  }

  /** The site says who the visitor is. */
  identify(token: string | undefined): void {
    if (token === this.session.identity) return;
    this.session.identity = token;
    this.reconnect();
  }

  /** The visitor is known by another name now, and so must be what they write. */
  reconnect(): void {
    if (this.connection === "closed") return;
    this.#socket.close();
    this.#socket.open();
  }

  post(text: string, files?: Pick<OwnMessage, "receipts" | "attachments">): void {
    this.#lastTyping = 0;
    this.#outbox.post(text, { ...(this.#openId && { conversation_id: this.#openId }), ...files });
  }

  /** After a closing: the next message starts another conversation, and so do those that came too late. */
  writeAgain(): void {
    this.#writingAfter = this.entries.at(-1)?.conversation_id;
    for (const { id, state } of this.own) if (state === "refused") this.#outbox.rewrite(id);
    this.#changed();
  }

  discardRefused(): void {
    for (const { id, state } of this.own) if (state === "refused") this.#outbox.discard(id);
  }

  /** What the visitor was writing, also on an earlier page. */
  get draft(): string {
    return this.#memory.get("draft") ?? "";
  }

  /** The visitor touched the draft. */
  typed(draft: string): void {
    this.#memory.set("draft", draft || null);
    if (!this.#openId) return;
    const now = Date.now();
    if (draft === "") {
      if (this.#lastTyping > 0) this.#socket.send({ type: "typing", on: false });
      this.#lastTyping = 0;
    } else if (now - this.#lastTyping > TYPING_REPEATED_AFTER) {
      this.#socket.send({ type: "typing", on: true });
      this.#lastTyping = now;
    }
  }

  #receive(frame: CustomerReceived): void {
    switch (frame.type) {
      case "ready":
        this.#recognise(frame.visitor_id);
        if (frame.conversation) this.#log(frame.conversation.id);
        this.#catchUp();
        this.#outbox.resume();
        break;
      case "entry": {
        const news = this.#log(frame.conversation_id).receive(frame);
        for (const entry of news) this.#outbox.logged(entry);
        if (news.some(({ author }) => author.kind === "agent")) this.typist = null;
        this.#changed();
        break;
      }
      case "synced":
        this.#log(frame.conversation_id).synced(frame);
        break;
      case "message.accepted":
        this.#outbox.accepted(frame);
        break;
      case "error":
        this.#outbox.refused(frame);
        for (const message of this.own) {
          if (message.id === frame.ref && message.receipts && frame.code === "invalid_frame") {
            this.#renew(message, this.#outbox);
          }
        }
        // Not an answer to a message: a sync was refused for now.
        if (frame.ref === null && (frame.code === "unavailable" || frame.code === "rate_limited")) {
          setTimeout(() => this.#catchUp(), ASK_AGAIN_AFTER);
        }
        break;
      case "typing":
        this.#typing(frame.on && frame.author.kind === "agent" ? frame.author : null);
        break;
      case "read":
        if (frame.reader === "agent") this.seen = furthest(this.seen, frame);
        else this.#setRead(frame);
        this.#changed();
        break;
    }
  }

  #enter(state: SocketState): void {
    this.connection = state;
    if (state !== "open") {
      this.#outbox.pause();
      this.typist = null;
    }
    this.#changed();
  }

  #typing(typist: Author | null): void {
    clearTimeout(this.#typingOver);
    this.typist = typist;
    if (typist) this.#typingOver = setTimeout(() => this.#typing(null), TYPING_OVER_AFTER);
    this.#changed();
  }

  #refuse(): void {
    this.unavailable = true;
    this.#socket.close();
  }

  /** Another visitor than before (the old session was lost): the old conversations are not theirs to read. */
  #recognise(visitorId: string): void {
    if (this.#memory.get("visitor") !== visitorId) {
      this.#logs.clear();
      this.#memory.set("conversations", null);
      this.#memory.set("visitor", visitorId);
    }
  }

  #log(id: string): ConversationLog {
    let log = this.#logs.get(id);
    if (!log) {
      log = new ConversationLog(id, (after_seq) =>
        this.#socket.send({ type: "sync", conversation_id: id, after_seq }),
      );
      // Ids are UUIDv7: their order is that of time.
      this.#logs = new Map([...this.#logs, [id, log] as const].sort(([a], [b]) => (a < b ? -1 : 1)));
      const kept = [...this.#logs.keys()].slice(-CONVERSATIONS_KEPT);
      this.#memory.set("conversations", JSON.stringify(kept));
    }
    return log;
  }

  /** Reads on from each cursor, but where the closing was read: nothing comes after it. */
  #catchUp(): void {
    for (const log of this.#logs.values()) if (log.entries.at(-1)?.kind !== "closed") log.resume();
  }

  #changed(): void {
    this.entries = [...this.#logs.values()].flatMap((log) => log.entries);
    this.own = notYetLogged(this.entries, this.#outbox.messages);
    if (this.#looking && this.connection === "open") this.#markRead();
    this.#onChange();
  }

  #markRead(): void {
    const last = this.#unreadEntries.at(-1);
    if (!last) return;
    this.#socket.send({ type: "read", conversation_id: last.conversation_id, seq: last.seq });
    this.#setRead(last);
  }

  #setRead({ conversation_id, seq }: Place): void {
    this.#read = furthest(this.#read, { conversation_id, seq });
    this.#memory.set("read", JSON.stringify(this.#read));
  }
}

/** Reading only moves forward, from one conversation to the next too. */
function furthest(one: Place | null, other: Place): Place {
  if (!one || other.conversation_id > one.conversation_id) return other;
  return one.conversation_id === other.conversation_id && other.seq > one.seq ? other : one;
}
