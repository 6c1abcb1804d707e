import type { EmailAddress, ItemFile, TimelineItem } from "@guichet/shared/protocol";
import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Uploads } from "../files/uploads";
import type { Api } from "../http/api";
import { patiently } from "../http/patience";
import { Problem } from "../http/problem";
import type { Drafts } from "../timeline/drafts";
import { readAddresses } from "./addresses";

export const QUOTES = ["none", "last", "all"] as const;
/** How much of what was said goes below the answer. */
export type Quote = (typeof QUOTES)[number];

export interface EmailFields {
  /** Made once for one e-mail: however often it is sent, there is one of it. */
  id: string;
  /** Null, as `cc` and `to`: as the server proposes it. */
  subject: string | null;
  cc: string | null;
  to?: string | null | undefined;
  bcc?: string | null | undefined;
  /** The e-mail of the request that is handed on. */
  forwardOf?: string | undefined;
  quote: Quote;
  signature: boolean;
  /** Nobody knows whether the server has it: it must be the same when it is sent again. */
  unsure: boolean;
}

/** What the server proposes to begin an e-mail with. */
export interface Proposal {
  to: EmailAddress | null;
  cc: EmailAddress[];
  subject: string;
  signature: string;
  quoted: { last: string; all: string };
  /** What goes along with an e-mail that is handed on. */
  attachments?: ItemFile[];
}

/** How an e-mail stands between the pressing of *send* and the server's having it. */
export interface Outgoing {
  busy: boolean;
  problem: Problem | null;
  /** What the customer or a colleague said meanwhile, which the agent must see first. */
  newer: readonly TimelineItem[] | null;
}

interface Surroundings {
  api: Pick<Api, "call" | "get">;
  drafts: Drafts;
  uploads: Pick<Uploads, "of" | "remove" | "putBack">;
  /** The server has the e-mail of this request. */
  sent: (requestId: string) => void;
  /** It has not, and the agent may be elsewhere by now. */
  failed: (requestId: string, problem: Problem) => void;
}

const IDLE: Outgoing = { busy: false, problem: null, newer: null };

/** Where the files of a request's e-mails belong. */
export function emailScope(requestId: string): string {
  return `request:${requestId}`;
}

/** The e-mails that agents write, until the server has them: from then on the timeline tells how they stand. */
export class Emails {
  private readonly outgoing = new Map<string, Signal<Outgoing>>();
  private readonly proposals = new Map<string, Signal<Proposal | Problem | null>>();

  constructor(private readonly around: Surroundings) {}

  of(requestId: string): ReadonlySignal<Outgoing> {
    return entry(this.outgoing, requestId, IDLE);
  }

  /** Null until it was read. */
  proposal(requestId: string): ReadonlySignal<Proposal | Problem | null> {
    return entry(this.proposals, requestId, null);
  }

  /** Reads what the server proposes, also again; when that fails, what was read before stays. */
  async propose(requestId: string, language: string): Promise<void> {
    const proposal = entry(this.proposals, requestId, null);
    try {
      const path = `/api/v1/requests/${requestId}/emails/draft`;
      const { forwardOf } = this.fields(requestId);
      const query = { language, ...(forwardOf && { forward_of: forwardOf }) };
      const read = await this.around.api.get<Proposal>(path, query);
      // Something else is being written by now.
      if (this.fields(requestId).forwardOf === forwardOf) proposal.value = read;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (proposal.value === null || proposal.value instanceof Problem) proposal.value = error;
    }
  }

  fields(requestId: string): EmailFields {
    return this.around.drafts.of(requestId).value.email ?? blank();
  }

  change(requestId: string, change: Partial<EmailFields>): void {
    this.around.drafts.set(requestId, { email: { ...this.fields(requestId), ...change } });
  }

  /** Begins an e-mail that hands one of the request's on. */
  forward(requestId: string, itemId: string, language: string): void {
    batch(() => {
      this.around.drafts.set(requestId, { mode: "email", email: { ...blank(), forwardOf: itemId } });
      entry(this.proposals, requestId, null).value = null;
    });
    void this.propose(requestId, language);
  }

  /** An answer is written again, with what is written already. */
  dropForward(requestId: string, language: string): void {
    batch(() => {
      this.around.drafts.set(requestId, { email: undefined });
      entry(this.proposals, requestId, null).value = null;
    });
    void this.propose(requestId, language);
  }

  /**
   * Sends what is written, with the files that are ready. Text, fields and files stay until the server has them.
   * @param seen the newest item that the agent has before their eyes
   */
  async send(requestId: string, seen: string | null, language: string): Promise<void> {
    const proposal = entry(this.proposals, requestId, null).value;
    const outgoing = entry(this.outgoing, requestId, IDLE);
    if (!proposal || proposal instanceof Problem || outgoing.value.busy) return;
    const { api, drafts, uploads } = this.around;
    // Kept before it is sent: after a reload it is still the same e-mail.
    const fields = this.fields(requestId);
    this.change(requestId, fields);
    outgoing.value = { ...IDLE, busy: true };
    const files = uploads.of(emailScope(requestId)).value.filter(({ state }) => state === "ready");
    const body = {
      id: fields.id,
      // An empty one is the thread's.
      subject: (fields.subject ?? proposal.subject).trim() || undefined,
      text: drafts.of(requestId).value.text.trim(),
      ...(typeof fields.to === "string" && { to: readAddresses(fields.to).addresses }),
      cc: fields.cc === null ? proposal.cc.map(({ email }) => email) : readAddresses(fields.cc).addresses,
      ...(fields.bcc && { bcc: readAddresses(fields.bcc).addresses }),
      ...(fields.forwardOf && { forward_of: fields.forwardOf }),
      receipts: files.flatMap(({ receipt }) => receipt ?? []),
      quote: fields.quote,
      signature: fields.signature,
      language,
      ...(seen && { seen_timeline_id: seen }),
    };
    try {
      const path = `/api/v1/requests/${requestId}/emails`;
      await patiently(() => api.call<TimelineItem>({ method: "POST", path, body }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.refused(requestId, error);
      return;
    }
    batch(() => {
      drafts.set(requestId, { mode: "reply", text: "", email: undefined });
      for (const { id } of files) uploads.remove(emailScope(requestId), id);
      outgoing.value = IDLE;
      if (fields.forwardOf) entry(this.proposals, requestId, null).value = null;
    });
    this.around.sent(requestId);
  }

  /** The agent reads what arrived first. */
  review(requestId: string): void {
    entry(this.outgoing, requestId, IDLE).value = IDLE;
  }

  /** What may have left already is let go; what is written is another e-mail from now on. */
  anew(requestId: string): void {
    this.change(requestId, { id: crypto.randomUUID(), unsure: false });
    this.review(requestId);
  }

  private refused(requestId: string, problem: Problem): void {
    const stale = problem.code === "stale_reply";
    const isOld = problem.errors.some(({ field }) => field.startsWith("receipts"));
    const { uploads } = this.around;
    // Their receipts have run out: the files are there, and only need new ones.
    if (isOld) uploads.putBack(emailScope(requestId), uploads.of(emailScope(requestId)).value);
    batch(() => {
      this.change(requestId, { unsure: problem.passing });
      entry(this.outgoing, requestId, IDLE).value = {
        busy: false,
        problem: stale ? null : problem,
        newer: stale ? (problem.body.newer as TimelineItem[]) : null,
      };
    });
    this.around.failed(requestId, problem);
  }
}

function blank(): EmailFields {
  return {
    ...{ id: crypto.randomUUID(), subject: null, cc: null },
    ...{ quote: "none", signature: true, unsure: false },
  };
}

function entry<V>(known: Map<string, Signal<V>>, key: string, initial: V): Signal<V> {
  let found = known.get(key);
  if (!found) {
    found = signal(initial);
    known.set(key, found);
  }
  return found;
}
