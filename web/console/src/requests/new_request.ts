import type { Priority, Request } from "@guichet/shared/protocol";
import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Contact } from "../contacts/contact";
import type { Api } from "../http/api";
import { patiently } from "../http/patience";
import { Problem } from "../http/problem";

/** What the agent has filled in. */
export interface NewRequestFields {
  contact: Pick<Contact, "id" | "name" | "email"> | null;
  subject: string;
  /** Whether what is written stays among agents, or goes to the contact. */
  first: "note" | "email";
  text: string;
  reason_id: string | null;
  priority: Priority;
  assignee_id: string | null;
}

interface Draft {
  /** Made once for one request: however often it is sent, there is one of it, and one first e-mail. */
  requestId: string;
  emailId: string;
  fields: NewRequestFields;
  /** The request is there, and its first e-mail was refused. */
  made: Request | null;
}

const NO_FIELDS: NewRequestFields = {
  contact: null,
  subject: "",
  first: "note",
  text: "",
  reason_id: null,
  priority: "low",
  assignee_id: null,
};

const PATH = "/api/v1/requests";

/** A request that an agent makes by hand; what is filled in outlives the dialog and a reload, in this tab. */
export class NewRequest {
  private readonly current: Signal<Draft>;
  private readonly failed = signal<Problem | null>(null);
  private readonly sending = signal(false);
  readonly problem: ReadonlySignal<Problem | null> = this.failed;
  readonly busy: ReadonlySignal<boolean> = this.sending;
  private readonly key: string;

  /** @param owner the agent: two who share a browser do not see each other's drafts */
  constructor(
    private readonly api: Pick<Api, "call">,
    private readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">,
    owner: string,
  ) {
    this.key = `guichet.new-request.${owner}`;
    const kept = storage.getItem(this.key);
    this.current = signal<Draft>(kept === null ? blank() : JSON.parse(kept));
  }

  get draft(): Draft {
    return this.current.value;
  }

  /** Nobody knows whether the server has it: it must be the same when it is sent again. */
  get unsure(): boolean {
    return this.failed.value?.passing ?? false;
  }

  set(change: Partial<NewRequestFields>): void {
    this.keep({ ...this.draft, fields: { ...this.draft.fields, ...change } });
  }

  /** Forgets what was filled in. */
  clear(): void {
    batch(() => {
      this.current.value = blank();
      this.failed.value = null;
    });
    this.storage.removeItem(this.key);
  }

  /** Makes the request, then sends the first e-mail where there is one. Null: `problem` says why, and all is kept. */
  async make(): Promise<Request | null> {
    this.sending.value = true;
    this.failed.value = null;
    try {
      const request = this.draft.made ?? (await this.create());
      this.keep({ ...this.draft, made: request });
      if (this.draft.fields.first === "email") await this.write(request);
      this.clear();
      return request;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.failed.value = error;
      return null;
    } finally {
      this.sending.value = false;
    }
  }

  private create(): Promise<Request> {
    const { requestId: id, fields } = this.draft;
    const { contact, subject, first, text, reason_id, priority, assignee_id } = fields;
    const body = {
      id,
      subject: subject.trim(),
      priority,
      ...(contact && { contact_id: contact.id }),
      ...(reason_id && { reason_id }),
      ...(assignee_id && { assignee_id }),
      ...(first === "note" && text.trim() && { text: text.trim() }),
    };
    return patiently(() => this.api.call<Request>({ method: "POST", path: PATH, body }));
  }

  private async write({ id }: Request): Promise<void> {
    const { emailId, fields } = this.draft;
    const body = { id: emailId, subject: fields.subject.trim(), text: fields.text.trim() };
    await patiently(() => this.api.call({ method: "POST", path: `${PATH}/${id}/emails`, body }));
  }

  private keep(draft: Draft): void {
    this.current.value = draft;
    this.storage.setItem(this.key, JSON.stringify(draft));
  }
}

function blank(): Draft {
  return {
    requestId: crypto.randomUUID(),
    emailId: crypto.randomUUID(),
    fields: NO_FIELDS,
    made: null,
  };
}
