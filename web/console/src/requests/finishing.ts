import type { Request, RequestStatus } from "@guichet/shared/protocol";
import { effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Edits } from "./edits";

/** What an answer can end with. */
export type Finish = Extract<RequestStatus, "pending" | "closed">;

interface Surroundings {
  storage: Pick<Storage, "getItem" | "setItem">;
  /** Each agent chooses for themselves. */
  owner: string;
  edits: Pick<Edits, "set" | "closeConversation">;
  /** The request as it now is; null where that cannot be had, which the agent was told. */
  read: (requestId: string) => Promise<Request | null>;
  /** The rows of the list, as shown. */
  shown: () => readonly Request[];
  /** The request that is open. */
  opened: () => string | null;
  open: (requestId: string | null) => void;
  /** What of the agent's messages is not in the log yet. */
  own: ReadonlySignal<readonly { id: string; state: "sending" | "sent" | "refused" }[]>;
}

/** Ends the work on a request: with its answer or without one, and goes on to the next, if the agent likes. */
export class Finishing {
  private readonly wanted: Signal<boolean>;
  /** Whether the next request opens after one is closed or set aside. */
  readonly movesOn: ReadonlySignal<boolean>;
  /** What is to become of requests whose e-mail is on its way. */
  private readonly afterMail = new Map<string, Finish>();
  private readonly waiting = new Set<() => void>();

  constructor(private readonly around: Surroundings) {
    this.wanted = signal(around.storage.getItem(this.key) === "yes");
    this.movesOn = this.wanted;
  }

  moveOn(wanted: boolean): void {
    this.around.storage.setItem(this.key, wanted ? "yes" : "no");
    this.wanted.value = wanted;
  }

  /** Closes a request that has no open conversation. */
  async close(request: Request): Promise<void> {
    const goOn = this.next(request.id);
    if (await this.around.edits.set(request, "status", "closed")) goOn();
  }

  /** Closes the conversation, with the request's next status. Says whether it is closed. */
  async closeConversation(request: Request, conversationId: string, status: RequestStatus): Promise<boolean> {
    const goOn = this.next(request.id);
    const closed = await this.around.edits.closeConversation(conversationId, status);
    if (closed && status !== "in_progress") goOn();
    return closed;
  }

  /** Once the server has the message: a conversation that was closed before would refuse it. */
  afterMessage(requestId: string, conversationId: string, messageId: string, finish: Finish): void {
    let stop = () => {};
    let over = false;
    const look = () => {
      const message = this.around.own.value.find(({ id }) => id === messageId);
      if (over || message?.state === "sending") return;
      over = true;
      // Not from within the effect, whose end it is.
      queueMicrotask(() => {
        stop();
        this.waiting.delete(stop);
        if (message?.state !== "refused") void this.finish(requestId, conversationId, finish);
      });
    };
    stop = effect(look);
    this.waiting.add(stop);
  }

  /** What the request is to become when its e-mail has left; null: what it is. */
  afterEmail(requestId: string, finish: Finish | null): void {
    if (finish === null) this.afterMail.delete(requestId);
    else this.afterMail.set(requestId, finish);
  }

  /** The server has the e-mail of this request. */
  emailSent(requestId: string): void {
    const finish = this.afterMail.get(requestId);
    this.afterMail.delete(requestId);
    if (finish) void this.finish(requestId, null, finish);
  }

  stop(): void {
    for (const stop of this.waiting) stop();
    this.waiting.clear();
    this.afterMail.clear();
  }

  private async finish(requestId: string, conversationId: string | null, finish: Finish): Promise<void> {
    const { edits, read } = this.around;
    const goOn = this.next(requestId);
    if (finish === "closed" && conversationId !== null) {
      if (await edits.closeConversation(conversationId, "closed")) goOn();
      return;
    }
    // As it is now: the answer itself has changed it.
    const request = await read(requestId);
    if (request && (await edits.set(request, "status", finish))) goOn();
  }

  /** What opens the request below this one in the list as it is now, or above the last. */
  private next(requestId: string): () => void {
    const shown = this.around.shown();
    const index = shown.findIndex(({ id }) => id === requestId);
    const next = index < 0 ? undefined : (shown[index + 1] ?? shown[index - 1]);
    return () => {
      // Whoever has opened another one meanwhile stays there.
      if (this.wanted.value && this.around.opened() === requestId) this.around.open(next?.id ?? null);
    };
  }

  private get key(): string {
    return `guichet.moveOn.${this.around.owner}`;
  }
}
