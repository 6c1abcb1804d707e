/** The files that go with the next message: on their way to the server, checked there, ready or refused. Knows no screen. */

import type { Memory } from "./memory";
import type { OwnMessage } from "./outbox";
import type { Attachment } from "./protocol";
import type { UploadAnswer } from "./upload";

export interface TrayFile extends Attachment {
  /** `waiting`: received, but the virus scanner has not looked at it yet. */
  state: "sending" | "waiting" | "ready" | "refused";
  /** From 0 to 1. At 1 the server has it all, and checks it. */
  progress: number;
  /** Why it was refused: a code of `attachments`, or one of `PASSING`. */
  code?: string;
  receipt?: string;
  /** What to send again; it does not survive a reload, unlike files that are ready. */
  source?: File;
}

/** The server's side, for one visitor. */
export interface FileServer {
  /** @throws DOMException `AbortError` */
  send(
    file: File,
    id: string,
    onProgress: (sent: number) => void,
    signal: AbortSignal,
  ): Promise<UploadAnswer>;
  status(id: string): Promise<UploadAnswer>;
}

/** As fixed by the protocol, for one message. */
export const MOST = 10;
/** Refusals after which the same file may be taken. */
export const PASSING = new Set(["offline", "unavailable", "rate_limited", "upload_cut", "upload_too_slow"]);
const ASK_AGAIN_AFTER = 3_000;

export class Tray {
  files: readonly TrayFile[] = [];
  /** More than `MOST` were given: the others were left out. */
  tooMany = false;
  #server: FileServer;
  #memory: Memory;
  #onChange: () => void;
  #calls = new Map<string, AbortController>();
  #then: (() => void) | undefined;

  constructor(server: FileServer, memory: Memory, onChange: () => void) {
    this.#server = server;
    this.#memory = memory;
    this.#onChange = onChange;
    this.files = JSON.parse(memory.get("files") ?? "[]");
  }

  /** Something is ready to be sent with a message, or will be. */
  get sendable(): boolean {
    return this.files.some((file) => file.state === "ready" || onItsWay(file));
  }

  get #busy(): boolean {
    return this.files.some(onItsWay);
  }

  /** The visitor has sent the message, which leaves when its files are ready. */
  get awaited(): boolean {
    return this.#then !== undefined;
  }

  add(files: readonly File[]): void {
    const taken = files.slice(0, MOST - this.files.length);
    this.tooMany = taken.length < files.length;
    for (const source of taken) {
      const { name, size, type: media_type } = source;
      const file: TrayFile = {
        id: crypto.randomUUID(),
        name,
        size,
        media_type,
        state: "sending",
        progress: 0,
        source,
      };
      this.files = [...this.files, file];
      void this.#send(file);
    }
    this.#onChange();
  }

  /** Also while it is on its way. What the server has of it goes by itself after a day. */
  remove(id: string): void {
    this.#calls.get(id)?.abort();
    this.files = this.files.filter((file) => file.id !== id);
    this.tooMany = false;
    this.#changed();
  }

  retry(id: string): void {
    const file = this.files.find((candidate) => candidate.id === id);
    if (file) void this.#send(file);
  }

  /** The connection is back. */
  retryAll(): void {
    for (const file of this.files) if (PASSING.has(file.code ?? "")) void this.#send(file);
  }

  /** Whether a file is still on its way. If so, `then` is called when all are ready, unless this is called again. */
  keepsWaiting(then: (() => void) | undefined): boolean {
    this.#then = this.#busy ? then : undefined;
    this.#onChange();
    return this.#busy;
  }

  /** The files that are ready leave with a message. */
  take(): Pick<OwnMessage, "receipts" | "attachments"> {
    const ready = this.files.filter(({ state }) => state === "ready");
    if (ready.length === 0) return {};
    this.files = this.files.filter(({ state }) => state !== "ready");
    this.#changed();
    return {
      receipts: ready.map(({ receipt }) => receipt ?? ""),
      attachments: ready.map(({ id, name, media_type, size }) => ({ id, name, media_type, size })),
    };
  }

  /** The id is the visitor's own, so that a repeat after an answer that was lost is the same file. */
  async #send({ id, source }: TrayFile): Promise<void> {
    if (!source) return;
    const call = new AbortController();
    this.#calls.set(id, call);
    this.#change(id, { state: "sending", progress: 0, code: "" });
    try {
      const progressed = (progress: number) => this.#change(id, { progress });
      this.#settle(id, await this.#server.send(source, id, progressed, call.signal));
    } catch (error) {
      // Removed by the visitor; anything else is the network's, as for the token.
      if (!call.signal.aborted) this.#change(id, { state: "refused", code: "offline" });
      if (!call.signal.aborted) console.warn("guichet:", error);
    } finally {
      this.#calls.delete(id);
    }
  }

  #settle(id: string, { status, body }: UploadAnswer): void {
    if (status >= 400 || status === 0) {
      const code = status === 0 ? "offline" : status >= 500 ? "unavailable" : String(body.code ?? "refused");
      this.#change(id, { state: "refused", code });
    } else if (typeof body.receipt === "string") {
      const { name, media_type, size, receipt } = body as unknown as Required<TrayFile>;
      this.#change(id, { state: "ready", progress: 1, name, media_type, size, receipt });
    } else {
      this.#change(id, { state: "waiting", progress: 1 });
      setTimeout(() => void this.#ask(id), ASK_AGAIN_AFTER);
    }
  }

  /** Asks until the scanner has spoken; a question that was lost is asked again. */
  async #ask(id: string): Promise<void> {
    if (!this.files.some((file) => file.id === id)) return;
    const answer = await this.#server.status(id).catch(() => ({ status: 0, body: {} }));
    const lost = answer.status === 0 || answer.status === 429 || answer.status >= 500;
    this.#settle(id, lost ? { status: 200, body: {} } : answer);
  }

  #change(id: string, change: Partial<TrayFile>): void {
    this.files = this.files.map((file) => (file.id === id ? { ...file, ...change } : file));
    this.#changed();
  }

  #changed(): void {
    const ready = this.files.filter(({ state }) => state === "ready").map(({ source: _, ...kept }) => kept);
    this.#memory.set("files", ready.length > 0 ? JSON.stringify(ready) : null);
    if (!this.#busy && this.#then) {
      const then = this.#then;
      this.#then = undefined;
      // Not without a file that was meant to go with it.
      if (this.files.every(({ state }) => state === "ready")) then();
    }
    this.#onChange();
  }
}

/** Also without a connection: it goes on when that is back. */
function onItsWay({ state, code }: TrayFile): boolean {
  return state === "sending" || state === "waiting" || code === "offline";
}
