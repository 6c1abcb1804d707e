import { type ReadonlySignal, signal } from "@preact/signals";
import type { ContactSort } from "../app/route";
import type { Api } from "../http/api";
import type { Page } from "../http/pages";
import { Problem } from "../http/problem";
import type { Contact } from "./contact";

export interface ContactQuery {
  find: string | null;
  sort: ContactSort;
}

interface Listed {
  items: readonly Contact[];
  cursor: string | null;
  loading: boolean;
  problem: Problem | null;
}

const PAGE = 50;
const NOTHING: Listed = { items: [], cursor: null, loading: true, problem: null };

/** The contacts as a list: what was read of it stays while one is elsewhere, and where one was in it. */
export class ContactList {
  private readonly current = signal<Listed>(NOTHING);
  readonly listed: ReadonlySignal<Listed> = this.current;
  /** How far (px) the list was scrolled. */
  place = 0;
  private query: ContactQuery | null = null;
  private asked = 0;

  constructor(private readonly api: Pick<Api, "get">) {}

  /** Shows another list, from its top; the same one stays as it is. */
  async show(query: ContactQuery): Promise<void> {
    if (this.query?.find === query.find && this.query.sort === query.sort) return;
    this.query = query;
    this.place = 0;
    await this.read(null);
  }

  /** Reads the list again: somebody was added, merged or erased. */
  async reload(): Promise<void> {
    await this.read(null);
  }

  async more(): Promise<void> {
    const { cursor, loading } = this.current.peek();
    if (cursor !== null && !loading) await this.read(cursor);
  }

  /** What is known of a contact now. */
  changed(contact: Contact): void {
    const { items } = this.current.peek();
    this.current.value = {
      ...this.current.peek(),
      items: items.map((known) => (known.id === contact.id ? contact : known)),
    };
  }

  private async read(cursor: string | null): Promise<void> {
    if (!this.query) return;
    this.asked += 1;
    const asked = this.asked;
    const { find, sort } = this.query;
    this.current.value = { ...this.current.peek(), loading: true, problem: null };
    try {
      const query = { q: find, sort, limit: PAGE, cursor };
      const page = await this.api.get<Page<Contact>>("/api/v1/contacts", query);
      if (asked !== this.asked) return;
      const before = cursor === null ? [] : this.current.peek().items;
      const items = [...before, ...page.items];
      this.current.value = { items, cursor: page.next_cursor, loading: false, problem: null };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (asked === this.asked)
        this.current.value = { ...this.current.peek(), loading: false, problem: error };
    }
  }
}
