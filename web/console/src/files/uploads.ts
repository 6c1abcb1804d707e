import type { Attachment } from "@guichet/shared/protocol";
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Api } from "../http/api";
import { Problem } from "../http/problem";

/** A file that is to go with the next message. */
export interface PendingFile extends Attachment {
  /** `checking`: received, and waiting for the virus scanner. */
  state: "waiting" | "uploading" | "checking" | "ready" | "failed";
  /** From 0 to 1, while it is uploading. */
  progress: number;
  /** The proof that it was checked, for the message; once it is ready. */
  receipt: string | null;
  problem: Problem | null;
}

/** What `attachments` says of a file. */
interface Uploaded {
  name: string;
  media_type: string | null;
  size: number;
  state: "receiving" | "checking" | "ready" | "rejected";
  receipt: string | null;
}

const PATH = "/api/v1/attachments";
/** More at once would keep every other call of the page waiting for a connection. */
const AT_ONCE = 3;
const STATUS_EVERY_MS = 2_000;

/** Files on their way to the next message of a scope (a conversation), kept through changes of request. */
export class Uploads {
  private readonly scopes = new Map<string, Signal<readonly PendingFile[]>>();
  private readonly sources = new Map<string, File>();
  private readonly running = new Map<string, AbortController>();

  constructor(private readonly api: Pick<Api, "upload" | "call" | "get">) {}

  of(scope: string): ReadonlySignal<readonly PendingFile[]> {
    return this.files(scope);
  }

  add(scope: string, files: Iterable<File>): void {
    for (const file of files) this.enter(scope, file);
  }

  /** A file that is there already (a template's): it only needs a receipt for this agent and scope. */
  copy(scope: string, file: Attachment): void {
    this.append(scope, { ...file, state: "checking", progress: 1, receipt: null, problem: null });
    void this.run(scope, file.id, () => this.prove(scope, file));
  }

  /** Puts files back that a refused message named: they are there, and only need new receipts. */
  putBack(scope: string, files: readonly Attachment[]): void {
    for (const file of files) this.copy(scope, file);
  }

  retry(scope: string, id: string): void {
    this.change(scope, id, { state: "waiting", progress: 0, problem: null });
    this.startNext(scope);
  }

  /** Also while it is on its way. What the server has of it already goes by itself after a day. */
  remove(scope: string, id: string): void {
    this.running.get(id)?.abort();
    this.sources.delete(id);
    const files = this.files(scope);
    files.value = files.value.filter((file) => file.id !== id);
    this.startNext(scope);
  }

  /** The files that are ready leave with a message. */
  take(scope: string): PendingFile[] {
    const ready = this.files(scope).value.filter((file) => file.state === "ready");
    for (const { id } of ready) this.remove(scope, id);
    return ready;
  }

  stop(): void {
    for (const controller of this.running.values()) controller.abort();
  }

  private enter(scope: string, file: File): void {
    const id = crypto.randomUUID();
    this.sources.set(id, file);
    this.append(scope, {
      ...{ id, name: file.name, media_type: file.type, size: file.size },
      ...{ state: "waiting", progress: 0, receipt: null, problem: null },
    });
    this.startNext(scope);
  }

  private startNext(scope: string): void {
    const next = this.files(scope).value.find(({ state }) => state === "waiting");
    if (!next || this.running.size >= AT_ONCE) return;
    void this.run(scope, next.id, (signal) => this.send(scope, next, signal));
    this.startNext(scope);
  }

  private async send(scope: string, file: Attachment, signal: AbortSignal): Promise<Uploaded> {
    const { id } = file;
    this.change(scope, id, { state: "uploading" });
    const source = this.sources.get(id);
    if (!source) return this.prove(scope, file);
    const body = await this.api.upload({
      url: PATH,
      file: source,
      fields: { scope, id },
      onProgress: (progress) => this.change(scope, id, { progress }),
      signal,
    });
    return body as unknown as Uploaded;
  }

  private async run(
    scope: string,
    id: string,
    begin: (signal: AbortSignal) => Promise<Uploaded>,
  ): Promise<void> {
    const controller = new AbortController();
    const { signal: cancelled } = controller;
    this.running.set(id, controller);
    try {
      let file = await begin(cancelled);
      while (file.state === "checking" && !cancelled.aborted) {
        this.change(scope, id, { state: "checking" });
        await new Promise((resolve) => setTimeout(resolve, STATUS_EVERY_MS));
        file = await this.ask(id);
      }
      if (file.state === "rejected") throw new Problem(422, "infected", "rejected by the scanner");
      const { name, media_type, size, receipt } = file;
      this.change(scope, id, {
        ...{ name, size, receipt, media_type: media_type ?? "" },
        ...{ state: "ready", progress: 1 },
      });
    } catch (error) {
      if (cancelled.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.change(scope, id, { state: "failed", problem: error });
    } finally {
      this.running.delete(id);
      this.startNext(scope);
    }
  }

  private ask(id: string): Promise<Uploaded> {
    return this.api.get<Uploaded>(`${PATH}/${id}/status`);
  }

  private async prove(scope: string, { id, name, media_type, size }: Attachment): Promise<Uploaded> {
    const call = { method: "POST", path: `${PATH}/${id}/receipts`, body: { scope } } as const;
    const { receipt } = await this.api.call<{ receipt: string }>(call);
    return { name, media_type, size, state: "ready", receipt };
  }

  private append(scope: string, file: PendingFile): void {
    const files = this.files(scope);
    files.value = [...files.value.filter(({ id }) => id !== file.id), file];
  }

  private change(scope: string, id: string, change: Partial<PendingFile>): void {
    const files = this.files(scope);
    files.value = files.value.map((file) => (file.id === id ? { ...file, ...change } : file));
  }

  private files(scope: string): Signal<readonly PendingFile[]> {
    let files = this.scopes.get(scope);
    if (!files) {
      files = signal<readonly PendingFile[]>([]);
      this.scopes.set(scope, files);
    }
    return files;
  }
}
