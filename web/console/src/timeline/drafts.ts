import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { EmailFields } from "../emails/emails";

/** A reply goes to the customer, by chat while one is open, else by e-mail; a note stays among agents. */
export type Mode = "reply" | "email" | "note";

export interface Draft {
  mode: Mode;
  text: string;
  /** What looks like placeholders in the text is meant to be sent as it is. */
  asWritten?: boolean | undefined;
  /** What an e-mail says besides its text; absent until the agent changes it or sends it. */
  email?: EmailFields | undefined;
}

const EMPTY: Draft = { mode: "reply", text: "" };

/** What an agent has begun to write, per request; kept through reloads and changes of request. */
export class Drafts {
  private readonly drafts = new Map<string, Signal<Draft>>();

  /** @param owner the agent: two who share a browser do not see each other's drafts */
  constructor(
    private readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">,
    private readonly owner: string,
  ) {}

  of(requestId: string): ReadonlySignal<Draft> {
    return this.draft(requestId);
  }

  set(requestId: string, change: Partial<Draft>): void {
    const draft = { ...this.draft(requestId).value, ...change };
    if (draft.text === "") delete draft.asWritten;
    this.draft(requestId).value = draft;
    if (draft.text === "" && !draft.email) this.storage.removeItem(this.key(requestId));
    else this.storage.setItem(this.key(requestId), JSON.stringify(draft));
  }

  /** Puts a text back below what is written. */
  add(requestId: string, text: string): void {
    if (text === "") return;
    const written = this.draft(requestId).value.text;
    this.set(requestId, { text: written === "" ? text : `${written}\n${text}` });
  }

  private draft(requestId: string): Signal<Draft> {
    let draft = this.drafts.get(requestId);
    if (!draft) {
      const kept = this.storage.getItem(this.key(requestId));
      draft = signal<Draft>(kept === null ? EMPTY : { ...EMPTY, ...JSON.parse(kept) });
      this.drafts.set(requestId, draft);
    }
    return draft;
  }

  private key(requestId: string): string {
    return `guichet.draft.${this.owner}.${requestId}`;
  }
}
