import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { Api } from "../http/api";
import type { Page } from "../http/pages";
import { Problem } from "../http/problem";

/** What is done here, as the service names it; a later one may tell more. */
export const ACTIONS = [
  "session.begun",
  "session.refused",
  "session.ended",
  "password.changed",
  "password.link_given",
  "second_factor.set",
  "second_factor.removed",
  "agent.added",
  "agent.changed",
  "reason.added",
  "reason.changed",
  "reason.removed",
  "template.added",
  "template.changed",
  "template.removed",
  "form.added",
  "form.changed",
  "form.removed",
  "contacts.exported",
  "contacts.imported",
  "contact.exported",
  "contact.archived",
  "contact.erased",
  "retention.run",
] as const;

/** What the list may be narrowed to: the first word of what is done. */
export const KINDS = [
  "session",
  "password",
  "second_factor",
  "agent",
  "contact",
  "contacts",
  "template",
  "reason",
  "form",
  "retention",
] as const;

/** One thing that was done: never changed, and gone by age alone. */
export interface AuditEntry {
  id: string;
  at: string;
  /** One of `ACTIONS`, or one that this console does not know yet. */
  action: string;
  actor: { kind: "agent" | "operator" | "nobody"; id: string | null; name: string | null };
  /** The network address that the call came from. */
  address: string | null;
  subject_id: string | null;
  detail: Record<string, string>;
}

/** Which entries are shown; days are those of the browser's own time. */
export interface AuditFilter {
  agentId: string | null;
  kind: string | null;
  /** As `<input type="date">` gives them: the first and the last day. */
  from: string;
  until: string;
}

export const EVERYTHING: AuditFilter = { agentId: null, kind: null, from: "", until: "" };

const PATH = "/api/v1/audit";
const PAGE = 50;

/** The audit trail, newest first. */
export class AuditTrail {
  private readonly current = signal<readonly AuditEntry[] | null>(null);
  private readonly failed = signal<Problem | null>(null);
  private readonly reading = signal(false);
  private readonly cursor = signal<string | null>(null);
  private filter = EVERYTHING;
  /** Null until it was read. */
  readonly entries: ReadonlySignal<readonly AuditEntry[] | null> = this.current;
  readonly problem: ReadonlySignal<Problem | null> = this.failed;
  readonly loading: ReadonlySignal<boolean> = this.reading;

  constructor(private readonly api: Pick<Api, "get">) {}

  /** Whether there are older ones than those that were read. */
  get more(): boolean {
    return this.cursor.value !== null;
  }

  /** Reads the newest of those that the filter lets through; when that fails, what was read before stays. */
  load(filter: AuditFilter = this.filter): Promise<void> {
    this.filter = filter;
    return this.read(filter, null);
  }

  loadMore(): Promise<void> {
    return this.read(this.filter, this.cursor.value);
  }

  private async read(filter: AuditFilter, cursor: string | null): Promise<void> {
    this.reading.value = true;
    try {
      const page = await this.api.get<Page<AuditEntry>>(PATH, { ...queryOf(filter), limit: PAGE, cursor });
      // Another filter was chosen meanwhile: its answer is the one to show.
      if (filter !== this.filter) return;
      batch(() => {
        this.current.value = [...((cursor && this.current.value) || []), ...page.items];
        this.cursor.value = page.next_cursor;
        this.failed.value = null;
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (filter === this.filter) this.failed.value = error;
    } finally {
      if (filter === this.filter) this.reading.value = false;
    }
  }
}

function queryOf({ agentId, kind, from, until }: AuditFilter): Record<string, string | null> {
  return {
    agent_id: agentId,
    action: kind,
    from: from ? new Date(`${from}T00:00`).toISOString() : null,
    until: until ? dayAfter(until).toISOString() : null,
  };
}

/** The first moment of the next day: not 24 hours later, where the clocks are put forward or back. */
function dayAfter(day: string): Date {
  const next = new Date(`${day}T00:00`);
  next.setDate(next.getDate() + 1);
  return next;
}
