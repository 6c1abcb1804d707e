import { type ReadonlySignal, signal } from "@preact/signals";
import type { Api } from "../http/api";
import { Problem } from "../http/problem";

export interface ImportJob {
  id: string;
  state: "queued" | "checking" | "writing" | "done" | "refused" | "failed";
  /** From 0 to 1. */
  progress: number;
  checked: number;
  written: number;
  /** Lines refused; `errors` tells of the first thousand. */
  refused: number;
  errors: { line: number; field: string; code: string; message: string }[];
  /** Why the file as a whole could not be read. */
  failure: { code: string; detail: string; line: number | null } | null;
}

const PATH = "/api/v1/contacts/imports";
const ASK_EVERY_MS = 700;

/** One CSV file on its way into the customer base. */
export class ContactImport {
  private readonly current = signal<ImportJob | "sending" | null>(null);
  private readonly failed = signal<Problem | null>(null);
  readonly job: ReadonlySignal<ImportJob | "sending" | null> = this.current;
  readonly problem: ReadonlySignal<Problem | null> = this.failed;
  private stopped = false;

  constructor(private readonly api: Pick<Api, "call" | "get">) {}

  get running(): boolean {
    const job = this.current.value;
    return job === "sending" || (job !== null && ["queued", "checking", "writing"].includes(job.state));
  }

  /** @param partial takes the good lines in even if others are refused */
  async start(file: File, partial: boolean): Promise<void> {
    this.failed.value = null;
    this.current.value = "sending";
    try {
      let job = await this.api.call<ImportJob>({
        method: "POST",
        path: PATH,
        query: { partial: String(partial) },
        body: file,
        // Windows calls CSV files spreadsheets; the service goes by this.
        headers: { "content-type": "text/csv" },
      });
      this.current.value = job;
      while (this.running && !this.stopped) {
        await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
        job = await this.ask(job);
        this.current.value = job;
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.current.value = null;
      this.failed.value = error;
    }
  }

  /** The import goes on at the server; nobody looks any more. */
  stop(): void {
    this.stopped = true;
  }

  private async ask(job: ImportJob): Promise<ImportJob> {
    try {
      return await this.api.get<ImportJob>(`${PATH}/${job.id}`);
    } catch (error) {
      // The import does not depend on being watched: what passes is asked again.
      if (!(error instanceof Problem) || !error.passing) throw error;
      return job;
    }
  }
}
