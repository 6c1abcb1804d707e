import type { Request } from "@guichet/shared/protocol";
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { type Choices, isSilent } from "./choices";

/** Why an agent is told of a request. */
export type Cause = "mine" | "unassigned";

export interface News {
  request: Request;
  /** `assigned`: it became the agent's own, and nothing new was said on it. */
  what: "said" | "assigned";
}

interface Surroundings {
  me: string;
  choices: ReadonlySignal<Choices>;
  /** Whether the agent has the request before the eyes. */
  looksAt: (requestId: string) => boolean;
  /** By the sound or the notification, or both, as chosen. */
  announce: (news: readonly News[], choices: Choices) => void;
}

/** What comes within so long is announced together. */
const BURST_MS = 400;
/** Nothing is announced sooner than this after what was before: a busy desk is not to ring all the time. */
const PAUSE_MS = 5_000;
/**
 * A request that was never shown here is news when it lives now: when it is at most so much older than the newest one
 * known. Otherwise somebody may have changed no more than the priority of what has waited since yesterday.
 */
const LIVELY_MS = 60_000;
const REMEMBERED = 2_000;

interface Waiting {
  cause: Cause;
  what: News["what"];
}

/** Notices what the agent is to be told of, by what changes live, and keeps it until they have looked. */
export class Told {
  private readonly waiting = signal<ReadonlyMap<string, Waiting>>(new Map());
  /** How many requests the agent was told of and has not looked at since. */
  readonly count: ReadonlySignal<number>;

  private readonly known = new Map<string, Request>();
  private newest = "";
  private readonly burst = new Map<string, News>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private announcedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly around: Surroundings) {
    this.count = computed(() => {
      const choices = around.choices.value;
      return [...this.waiting.value.values()].filter(({ cause }) => choices[cause]).length;
    });
  }

  /** A request changed. */
  heard(request: Request): void {
    const before = this.known.get(request.id);
    if (before && before.version >= request.version) return;
    this.take(request, this.news(request, before, LIVELY_MS));
  }

  /**
   * Requests were read, not heard of.
   * @param again the same were read before: what is new among them came while there was no connection
   */
  read(requests: readonly Request[], again: boolean): void {
    const { newest } = this;
    for (const request of requests) {
      const before = this.known.get(request.id);
      if (before && before.version >= request.version) continue;
      const unheard = before !== undefined || (again && request.last_activity_at > newest);
      this.take(request, unheard ? this.news(request, before, Number.POSITIVE_INFINITY) : null);
    }
  }

  /** The agent looks at this one. */
  looked(requestId: string): void {
    this.drop(requestId);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.burst.clear();
  }

  private take(request: Request, news: News | null): void {
    this.remember(request);
    const cause = causeOf(request, this.around.me);
    const read = request.unread === 0 && this.waiting.peek().get(request.id)?.what === "said";
    if (cause === null || read) this.drop(request.id);
    if (!news || cause === null || this.around.looksAt(request.id)) return;
    this.waiting.value = new Map([...this.waiting.peek(), [request.id, { cause, what: news.what }]]);
    if (!this.around.choices.peek()[cause]) return;
    this.burst.set(request.id, news);
    this.announceSoon();
  }

  private news(request: Request, before: Request | undefined, atMostBehind: number): News | null {
    const { me } = this.around;
    if (before && before.assignee?.id !== me && request.assignee?.id === me) {
      return { request, what: request.unread > before.unread ? "said" : "assigned" };
    }
    if (request.unread === 0) return null;
    if (before) return request.unread > before.unread ? { request, what: "said" } : null;
    const behind = Date.parse(this.newest) - Date.parse(request.last_activity_at);
    return behind > atMostBehind ? null : { request, what: "said" };
  }

  private remember(request: Request): void {
    if (request.last_activity_at > this.newest) this.newest = request.last_activity_at;
    this.known.delete(request.id);
    this.known.set(request.id, request);
    const [oldest] = this.known.keys();
    if (this.known.size > REMEMBERED && oldest !== undefined) this.known.delete(oldest);
  }

  private drop(requestId: string): void {
    this.burst.delete(requestId);
    if (!this.waiting.peek().has(requestId)) return;
    this.waiting.value = new Map([...this.waiting.peek()].filter(([id]) => id !== requestId));
  }

  private announceSoon(): void {
    const pause = this.announcedAt + PAUSE_MS - Date.now();
    this.timer ??= setTimeout(() => this.announce(), Math.max(BURST_MS, pause));
  }

  private announce(): void {
    this.timer = undefined;
    const choices = this.around.choices.peek();
    const news = [...this.burst.values()];
    this.burst.clear();
    if (news.length === 0 || isSilent(choices.silence, new Date())) return;
    this.announcedAt = Date.now();
    this.around.announce(news, choices);
  }
}

function causeOf({ status, assignee }: Request, me: string): Cause | null {
  if (status === "closed") return null;
  if (assignee === null) return "unassigned";
  return assignee.id === me ? "mine" : null;
}
