import { ConversationLog, notYetLogged } from "@guichet/shared/log";
import type { OwnMessage } from "@guichet/shared/outbox";
import type {
  AgentReceived,
  AgentSent,
  Author,
  Conversation,
  Entry,
  Request,
} from "@guichet/shared/protocol";
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Api } from "../http/api";
import { Problem } from "../http/problem";
import {
  type History,
  type HistoryPage,
  isLetter,
  mergeNewest,
  mergeOlder,
  NO_HISTORY,
  newestSaid,
  timeline,
  without,
} from "./merge";

const PAGE = 50;
/** Typing counts as over when it is not repeated in this time. */
const TYPING_MS = 6_000;

interface Surroundings {
  api: Api;
  send: (frame: AgentSent) => boolean;
  own: ReadonlySignal<readonly OwnMessage[]>;
}

/** The open request: what it is, and all that was said on it. */
export class Thread {
  private readonly currentRequest = signal<Request | null>(null);
  private readonly failed = signal<Problem | null>(null);
  private readonly history = signal<History>(NO_HISTORY);
  private readonly currentHistoryState = signal<"loading" | "ready" | "failed" | "older" | "olderFailed">(
    "loading",
  );
  private readonly entries = signal<readonly Entry[]>([]);
  private readonly seen = signal(0);
  private readonly typists = signal<ReadonlyMap<string, Author>>(new Map());

  readonly request: ReadonlySignal<Request | null> = this.currentRequest;
  /** Why the request itself cannot be shown. */
  readonly problem: ReadonlySignal<Problem | null> = this.failed;
  readonly historyState = computed(() => this.currentHistoryState.value);
  readonly hasOlder = computed(() => this.history.value.cursor !== null);
  readonly conversation = computed(() => this.latestConversation());
  readonly items = computed(() =>
    timeline(this.history.value, this.entries.value, this.conversation.value?.id ?? null),
  );
  /** The newest that was said and is shown: an answer tells the server that its writer has seen it. */
  readonly lastSaid = computed(() => newestSaid(this.history.value)?.id ?? null);
  /** Own messages that the log does not have yet, those refused by an earlier conversation of this request too. */
  readonly unsettled = computed(() => {
    const conversations = new Set([
      this.conversation.value?.id,
      ...this.items.value.map((item) => item.conversation_id),
    ]);
    const here = this.surroundings.own.value.filter(
      ({ conversation_id }) => conversation_id !== undefined && conversations.has(conversation_id),
    );
    return notYetLogged(this.entries.value, here);
  });
  /** The last entry that the visitor has seen. */
  readonly seenSeq: ReadonlySignal<number> = this.seen;
  readonly typing = computed(() => [...this.typists.value.values()]);

  private log: ConversationLog | null = null;
  /** The replay of the log is shown when it is whole, not line by line. */
  private replayed = false;
  private readSeq = 0;
  private readLetter: string | null = null;
  private stale = false;
  private refreshing: Promise<void> | null = null;
  private closed = false;
  private readonly typingTimers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    readonly requestId: string,
    private readonly surroundings: Surroundings,
  ) {}

  /** @param known what the list shows of it already, if it does */
  open(known: Request | undefined): void {
    if (known) this.changed(known);
    void this.reload();
  }

  /** Reads all again: at the start, and after any gap in the live feed. */
  async reload(): Promise<void> {
    await Promise.all([this.readRequest(), this.refreshHistory()]);
  }

  /** The socket is back: goes on after the last entry known. */
  resume(): void {
    this.subscribe();
    void this.reload();
  }

  close(): void {
    this.closed = true;
    if (this.log) this.surroundings.send({ type: "unsubscribe", conversation_id: this.log.id });
    for (const timer of this.typingTimers.values()) clearTimeout(timer);
  }

  changed(request: Request): void {
    const known = this.currentRequest.value;
    if (request.id !== this.requestId || (known && known.version >= request.version)) return;
    this.currentRequest.value = request;
    this.follow(request.conversation);
    if (known) void this.refreshHistory();
  }

  receive(frame: AgentReceived): void {
    if (!("conversation_id" in frame) || frame.conversation_id !== this.log?.id) return;
    switch (frame.type) {
      case "entry":
        this.stopTyping(frame.author.id);
        if (frame.kind === "closed") this.typists.value = new Map();
        if (this.log.receive(frame).length > 0 && this.replayed) this.publish();
        break;
      case "synced":
        this.log.synced(frame);
        this.replayed = this.log.lastSeq >= frame.last_seq;
        this.publish();
        break;
      case "read":
        if (frame.reader === "visitor") this.seen.value = Math.max(this.seen.value, frame.seq);
        break;
      case "typing":
        this.showTyping(frame.author, frame.on);
        break;
    }
  }

  async loadOlder(): Promise<void> {
    const { cursor } = this.history.value;
    if (cursor === null || this.currentHistoryState.value === "older") return;
    this.currentHistoryState.value = "older";
    const page = await this.readHistory(cursor);
    batch(() => {
      if (page) this.history.value = mergeOlder(this.history.value, page);
      this.currentHistoryState.value = page ? "ready" : "olderFailed";
    });
  }

  /** Everything on the screen has been read. */
  markRead(): void {
    this.markLog();
    void this.markLetters();
  }

  /** The item is on another request now. */
  forget(itemId: string): void {
    this.history.value = without(this.history.value, itemId);
  }

  private markLog(): void {
    if (!this.log || this.log.lastSeq <= this.readSeq) return;
    const sent = this.surroundings.send({
      type: "read",
      conversation_id: this.log.id,
      seq: this.log.lastSeq,
    });
    if (sent) this.readSeq = this.log.lastSeq;
  }

  private async markLetters(): Promise<void> {
    const letter = newestSaid(this.history.value, isLetter);
    if (!letter || letter.id === this.readLetter || !this.currentRequest.value?.unread) return;
    this.readLetter = letter.id;
    const call = {
      method: "PUT",
      path: `/api/v1/requests/${this.requestId}/read`,
      body: { timeline_id: letter.id },
    } as const;
    try {
      this.changed(await this.surroundings.api.call<Request>(call));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // The count stays until something else is read: nothing that was said is lost by it.
      this.readLetter = null;
    }
  }

  sendTyping(on: boolean): void {
    const conversation = this.conversation.value;
    if (conversation?.state !== "open") return;
    this.surroundings.send({ type: "typing", conversation_id: conversation.id, on });
  }

  private latestConversation(): Conversation | null {
    const conversation = this.currentRequest.value?.conversation ?? null;
    // The log tells of the closing before the request does.
    const closed = this.entries.value.at(-1)?.kind === "closed";
    return conversation && closed ? { ...conversation, state: "closed" } : conversation;
  }

  private follow(conversation: Conversation | null): void {
    if (conversation?.id === this.log?.id) return;
    if (this.log) this.surroundings.send({ type: "unsubscribe", conversation_id: this.log.id });
    this.log =
      conversation && new ConversationLog(conversation.id, (after) => this.sync(conversation.id, after));
    this.replayed = false;
    this.readSeq = 0;
    batch(() => {
      this.entries.value = [];
      this.seen.value = 0;
      this.typists.value = new Map();
    });
    this.subscribe();
  }

  private subscribe(): void {
    if (!this.log || this.closed) return;
    const { id, lastSeq } = this.log;
    this.surroundings.send({ type: "subscribe", conversation_id: id, after_seq: lastSeq });
  }

  private sync(conversationId: string, afterSeq: number): void {
    this.surroundings.send({ type: "sync", conversation_id: conversationId, after_seq: afterSeq });
  }

  private publish(): void {
    this.entries.value = [...(this.log?.entries ?? [])];
  }

  private async readRequest(): Promise<void> {
    try {
      const request = await this.surroundings.api.get<Request>(`/api/v1/requests/${this.requestId}`);
      this.failed.value = null;
      this.changed(request);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // What is shown stays shown; only a request that was never there needs to say why.
      if (!this.currentRequest.value || error.status === 404) this.failed.value = error;
    }
  }

  /** Reads the newest page; once more when something changed while it was on its way. */
  private refreshHistory(): Promise<void> {
    if (this.refreshing) {
      this.stale = true;
      return this.refreshing;
    }
    this.refreshing = (async () => {
      do {
        this.stale = false;
        const page = await this.readHistory(null);
        batch(() => {
          if (page) this.history.value = mergeNewest(this.history.value, page);
          if (page) this.currentHistoryState.value = "ready";
          else if (this.currentHistoryState.value === "loading") this.currentHistoryState.value = "failed";
        });
      } while (this.stale && !this.closed);
      this.refreshing = null;
    })();
    return this.refreshing;
  }

  private async readHistory(cursor: string | null): Promise<HistoryPage | null> {
    const path = `/api/v1/requests/${this.requestId}/timeline`;
    try {
      return await this.surroundings.api.get<HistoryPage>(path, { order: "desc", limit: PAGE, cursor });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return null;
    }
  }

  private showTyping(author: Author, on: boolean): void {
    const key = author.id ?? author.kind;
    clearTimeout(this.typingTimers.get(key));
    if (!on) {
      this.stopTyping(key);
      return;
    }
    this.typists.value = new Map(this.typists.value).set(key, author);
    this.typingTimers.set(
      key,
      setTimeout(() => this.stopTyping(key), TYPING_MS),
    );
  }

  private stopTyping(key: string | null): void {
    if (key === null || !this.typists.value.has(key)) return;
    const others = new Map(this.typists.value);
    others.delete(key);
    this.typists.value = others;
  }
}
