import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { Api } from "../http/api";
import type { Page } from "../http/pages";
import { Problem } from "../http/problem";

/** Why a mail could not be taken in, as the service names it. */
export const REASONS = [
  "empty",
  "too_deep",
  "too_many_parts",
  "too_large",
  "infected",
  "lost",
  "parser_failed",
  "crashed",
  "failure",
] as const;

/** A mail that came in, and where it is. */
export interface ReceivedMail {
  id: string;
  state: "received" | "processed" | "duplicate" | "quarantined";
  source: "http" | "smtp" | "lmtp" | "imap";
  /** One of `REASONS`, or one that this console does not know yet. */
  reason: string | null;
  /** In English, for administrators. */
  detail: string | null;
  sender: string | null;
  subject: string | null;
  /** Bytes. */
  size: number;
  received_at: string;
}

const PATH = "/api/v1/mail";
const PAGE = 50;
/** Nothing tells of a mail in quarantine: it is looked for from time to time. */
const LOOK_EVERY_MS = 120_000;
const ASK_EVERY_MS = 700;
/** A mail is read in a few seconds at most; what takes longer is told by the list. */
const ASKED = 20;

/** The mail that could not be taken in, newest first: kept whole, to be looked at and taken up again. */
export class Quarantine {
  private readonly current = signal<readonly ReceivedMail[] | null>(null);
  private readonly failed = signal<Problem | null>(null);
  private readonly reading = signal(false);
  private readonly cursor = signal<string | null>(null);
  /** Null until it was read. */
  readonly mails: ReadonlySignal<readonly ReceivedMail[] | null> = this.current;
  readonly problem: ReadonlySignal<Problem | null> = this.failed;
  readonly loading: ReadonlySignal<boolean> = this.reading;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly api: Pick<Api, "get" | "call" | "blob">) {}

  /** Whether there are older ones than those that were read. */
  get more(): boolean {
    return this.cursor.value !== null;
  }

  /** How many there are, as far as they were read; the first page is enough to say "50 and more". */
  get count(): number {
    return this.current.value?.length ?? 0;
  }

  /** Looks now, and again from time to time, until `stop`. */
  watch(): void {
    void this.load();
    this.timer = setInterval(() => {
      // Who reads on further down is not thrown back to the first page.
      if (this.count <= PAGE) void this.load();
    }, LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Reads the newest; when that fails, what was read before stays. */
  load(): Promise<void> {
    return this.read(null, () => []);
  }

  loadMore(): Promise<void> {
    return this.read(this.cursor.value, () => this.current.value ?? []);
  }

  /** The mail as it came. @throws Problem `not_found` where it was too large to be kept */
  raw({ id }: ReceivedMail): Promise<Blob> {
    return this.api.blob(`${PATH}/received/${id}/raw`);
  }

  /**
   * Sends the mail through everything again, and waits for what becomes of it: `received` when that takes long.
   * @throws Problem
   */
  async replay({ id }: ReceivedMail): Promise<ReceivedMail> {
    let mail = await this.api.call<ReceivedMail>({ method: "POST", path: `${PATH}/quarantine/${id}/replay` });
    for (let asked = 0; mail.state === "received" && asked < ASKED; asked += 1) {
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
      mail = await this.api.get<ReceivedMail>(`${PATH}/received/${id}`);
    }
    const others = (this.current.value ?? []).filter(
      (other) => other.id !== id || mail.state === "quarantined",
    );
    this.current.value = others.map((other) => (other.id === id ? mail : other));
    return mail;
  }

  private async read(cursor: string | null, before: () => readonly ReceivedMail[]): Promise<void> {
    this.reading.value = true;
    try {
      const page = await this.api.get<Page<ReceivedMail>>(`${PATH}/quarantine`, { limit: PAGE, cursor });
      batch(() => {
        this.current.value = [...before(), ...page.items];
        this.cursor.value = page.next_cursor;
        this.failed.value = null;
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.failed.value = error;
    } finally {
      this.reading.value = false;
    }
  }
}
