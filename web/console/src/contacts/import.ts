import { type ReadonlySignal, signal } from "@preact/signals";
import type { Api } from "../http/api";
import { Problem } from "../http/problem";
import { asParameter, type Choice, hasTwins, hindrance, type ImportPreview, proposed } from "./mapping";

export interface ImportJob {
  id: string;
  state: "queued" | "checking" | "writing" | "done" | "refused" | "failed";
  /** From 0 to 1. */
  progress: number;
  checked: number;
  written: number;
  /** So many of the written ones changed a contact that was there. */
  updated: number;
  /** Headers of columns that were not taken in. */
  left_out: string[];
  /** Lines refused; `errors` tells of the first thousand. */
  refused: number;
  errors: { line: number; field: string; code: string; message: string }[];
  /** Why the file as a whole could not be read. */
  failure: { code: string; detail: string; line: number | null } | null;
}

/** How lines are taken in, which the agent chooses before. */
export interface ImportRules {
  /** Takes the good lines in even if others are refused. */
  partial: boolean;
  /** Lines whose address a contact has. */
  known: "refuse" | "update";
}

/** A file that was looked into and waits for the agent's word. Nothing of it is written. */
export interface Candidate {
  file: File;
  preview: ImportPreview;
  choices: readonly Choice[];
  /** Whether the agent changed what the service proposed. */
  touched: boolean;
  /** Whether `preview.contacts` are read as the choices say. */
  fresh: boolean;
}

export type ImportStep =
  | { name: "choosing" }
  | { name: "reading"; file: File }
  | { name: "mapping"; candidate: Candidate }
  | { name: "sending" }
  | { name: "job"; job: ImportJob };

const PATH = "/api/v1/contacts/imports";
const ASK_EVERY_MS = 700;
/** Windows calls CSV files spreadsheets; the service goes by this. */
const CSV = { "content-type": "text/csv" };
/** Bytes of a file that is sent again for each change of its columns. */
const SHOWN_AGAIN = 2_000_000;

/** One CSV file on its way into the customer base: looked into, mapped, and taken in once the agent says so. */
export class ContactImport {
  private readonly current = signal<ImportStep>({ name: "choosing" });
  private readonly failed = signal<Problem | null>(null);
  readonly step: ReadonlySignal<ImportStep> = this.current;
  readonly problem: ReadonlySignal<Problem | null> = this.failed;
  private stopped = false;
  private looks = 0;

  constructor(private readonly api: Pick<Api, "call" | "get">) {}

  get running(): boolean {
    const step = this.current.value;
    if (step.name === "job") return ["queued", "checking", "writing"].includes(step.job.state);
    return step.name === "sending" || step.name === "reading";
  }

  /** Looks into a file; nothing is written. */
  async choose(file: File): Promise<void> {
    this.failed.value = null;
    this.current.value = { name: "reading", file };
    try {
      const preview = await this.look(file, null);
      const choices = proposed(preview);
      this.current.value = {
        name: "mapping",
        candidate: { file, preview, choices, touched: false, fresh: true },
      };
    } catch (error) {
      this.fail(error, { name: "choosing" });
    }
  }

  /** Says what a column is, and has the first lines read again so. */
  async map(column: number, choice: Choice): Promise<void> {
    const before = this.candidate;
    if (!before) return;
    const choices = before.choices.map((known, index) => (index === column ? choice : known));
    this.candidate = { ...before, choices, touched: true, fresh: false };
    this.looks += 1;
    const look = this.looks;
    if (before.file.size > SHOWN_AGAIN || hindrance(choices) === "nothing") return;
    try {
      const { contacts } = await this.look(before.file, choices);
      const now = this.candidate;
      if (now && look === this.looks)
        this.candidate = { ...now, preview: { ...now.preview, contacts }, fresh: true };
    } catch (error) {
      // What was chosen stands without being shown.
      if (!(error instanceof Problem)) throw error;
    }
  }

  /** Takes the file in, as mapped. */
  async confirm({ partial, known }: ImportRules): Promise<void> {
    const candidate = this.candidate;
    if (!candidate || hindrance(candidate.choices)) return;
    this.failed.value = null;
    this.current.value = { name: "sending" };
    const { file, preview, choices, touched } = candidate;
    // The service's own reading knows which of several telephones comes first: it is only overruled where it must be.
    const mapping = touched || hasTwins(preview, choices) ? { mapping: asParameter(choices) } : {};
    try {
      let job = await this.api.call<ImportJob>({
        method: "POST",
        path: PATH,
        query: { partial: String(partial), known, ...mapping },
        body: file,
        headers: CSV,
      });
      this.current.value = { name: "job", job };
      while (this.running && !this.stopped) {
        await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
        job = await this.ask(job);
        this.current.value = { name: "job", job };
      }
    } catch (error) {
      this.fail(error, { name: "mapping", candidate });
    }
  }

  /** Back to the choice of a file. What the server has begun goes on there. */
  reset(): void {
    this.failed.value = null;
    this.current.value = { name: "choosing" };
  }

  /** The import goes on at the server; nobody looks any more. */
  stop(): void {
    this.stopped = true;
  }

  private get candidate(): Candidate | null {
    const step = this.current.peek();
    return step.name === "mapping" ? step.candidate : null;
  }

  private set candidate(candidate: Candidate) {
    this.current.value = { name: "mapping", candidate };
  }

  private look(file: File, choices: readonly Choice[] | null): Promise<ImportPreview> {
    return this.api.call<ImportPreview>({
      method: "POST",
      path: `${PATH}/preview`,
      ...(choices && { query: { mapping: asParameter(choices) } }),
      body: file,
      headers: CSV,
    });
  }

  private fail(error: unknown, step: ImportStep): void {
    if (!(error instanceof Problem)) throw error;
    this.current.value = step;
    this.failed.value = error;
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
