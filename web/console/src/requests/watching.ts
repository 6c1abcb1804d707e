/** Tells the server what the console shows, so that it is told of changes that it can show, and of no others. */
import type { AgentSent } from "@guichet/shared/protocol";
import type { ListQuery } from "../app/route";

export type WatchFrame = Extract<AgentSent, { type: "watch" }>;

/** What a part of the console shows besides the list and the open request. */
export interface Beside {
  readonly contactId: string;
  readonly requestIds: readonly string[];
}

export interface Shown {
  readonly query: ListQuery;
  /** Of the list, and the one that is open. */
  readonly requestIds: readonly string[];
  readonly beside: readonly Beside[];
  /** What the agent is to be told of, whatever is shown. */
  readonly told: readonly ("mine" | "unassigned")[];
}

/** What the server takes in one frame. */
const IDS_MOST = 2000;
/** A list under load changes with every frame; the server drops a socket that sends too many. */
const AT_MOST_EVERY_MS = 500;

/** A console that shows more than can be said asks to be told of everything. */
const EVERYTHING: WatchFrame = {
  type: "watch",
  request_ids: [],
  view: { view: "all" },
  bundled: true,
};

export function watchFrame({ query, requestIds, beside, told }: Shown): WatchFrame {
  const { q, automatic, order, ...view } = query;
  // In one order, whatever that of the list is: a row that moves is nothing new to say.
  const ids = [...new Set([...requestIds, ...beside.flatMap((part) => part.requestIds)])].sort();
  const [contactId, ...more] = new Set(beside.map((part) => part.contactId));
  if (ids.length > IDS_MOST || more.length > 0) return EVERYTHING;
  return {
    type: "watch",
    request_ids: ids,
    ...(contactId && { contact_id: contactId }),
    view,
    ...(told.length > 0 && { also: [...told] }),
    bundled: true,
  };
}

export class Watching {
  private shown: Shown | null = null;
  private said = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly send: (frame: WatchFrame) => boolean) {}

  /** This is shown from now on. */
  tell(shown: Shown): void {
    this.shown = shown;
    this.soon();
  }

  /** There is a new connection, on which nothing was said yet. */
  renew(): void {
    this.said = "";
    this.soon();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.shown = null;
  }

  private soon(): void {
    if (this.timer !== undefined || !this.say()) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.soon();
    }, AT_MOST_EVERY_MS);
  }

  /** Whether there was anything new to say, and somebody to say it to. */
  private say(): boolean {
    if (!this.shown) return false;
    const frame = watchFrame(this.shown);
    const text = JSON.stringify(frame);
    if (text === this.said || !this.send(frame)) return false;
    this.said = text;
    return true;
  }
}
