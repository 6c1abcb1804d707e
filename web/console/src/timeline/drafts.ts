/** What an agent has begun to write, per request; kept through reloads and changes of request. */

export type Mode = "reply" | "note";

export interface Draft {
  mode: Mode;
  text: string;
}

export const EMPTY_DRAFT: Draft = { mode: "reply", text: "" };

export class Drafts {
  /** @param owner the agent: two who share a browser do not see each other's drafts */
  constructor(
    private readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">,
    private readonly owner: string,
  ) {}

  get(requestId: string): Draft {
    const kept = this.storage.getItem(this.key(requestId));
    return kept === null ? EMPTY_DRAFT : { ...EMPTY_DRAFT, ...(JSON.parse(kept) as Partial<Draft>) };
  }

  set(requestId: string, draft: Draft): void {
    if (draft.text === "") this.storage.removeItem(this.key(requestId));
    else this.storage.setItem(this.key(requestId), JSON.stringify(draft));
  }

  private key(requestId: string): string {
    return `guichet.draft.${this.owner}.${requestId}`;
  }
}
