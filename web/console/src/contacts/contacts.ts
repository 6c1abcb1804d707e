import { type ReadonlySignal, signal } from "@preact/signals";
import type { Api } from "../http/api";
import type { Page } from "../http/pages";
import type { Contact, ContactField } from "./contact";
import type { MergedContact } from "./merging";

const PATH = "/api/v1/contacts";
/** As many as one can choose from at a glance. */
const FOUND = 8;

/** A visitor who gave an address of a contact in chats that no agent linked to it: perhaps the same person. */
export interface AddressClaim {
  visitor_id: string;
  name: string | null;
  email: string;
  request_ids: string[];
  numbers: number[];
  last_activity_at: string;
}

type Fields = Partial<Record<ContactField, string | null>>;

/** The customer base. Every call throws Problem. */
export class Contacts {
  private readonly merges = signal(0);
  /** Grows with each merge made or undone here: who shows a contact reads it again. */
  readonly merged: ReadonlySignal<number> = this.merges;

  constructor(private readonly api: Pick<Api, "get" | "call">) {}

  async search(typed: string): Promise<Contact[]> {
    return (await this.api.get<Page<Contact>>(PATH, { q: typed, limit: FOUND })).items;
  }

  read(id: string): Promise<Contact> {
    return this.api.get<Contact>(`${PATH}/${id}`);
  }

  /** @param id made once for one form, so that sending it again makes no second contact */
  create(id: string, fields: Fields): Promise<Contact> {
    return this.api.call<Contact>({ method: "POST", path: PATH, body: { id, ...fields } });
  }

  change({ id, version }: Contact, fields: Fields): Promise<Contact> {
    return this.api.call<Contact>({
      method: "PATCH",
      path: `${PATH}/${id}`,
      body: fields,
      headers: { "if-match": `"${version}"` },
    });
  }

  /** Makes one contact part of another. For supervisors and administrators. */
  async merge(gone: Pick<Contact, "id">, into: Pick<Contact, "id">): Promise<void> {
    await this.api.call({ method: "POST", path: `${PATH}/${gone.id}/merge`, body: { into: into.id } });
    this.merges.value += 1;
  }

  /** Undoes a merge, within 30 days: the contact is one of its own again. */
  async part({ id }: Pick<Contact, "id">): Promise<void> {
    await this.api.call({ method: "POST", path: `${PATH}/${id}/unmerge` });
    this.merges.value += 1;
  }

  /** Who gave an address of the contact in a chat that nobody linked to it. For supervisors and administrators. */
  async claimsOn(id: string): Promise<AddressClaim[]> {
    return (await this.api.get<Page<AddressClaim>>("/api/v1/erasures/claims", { contact_id: id })).items;
  }

  /**
   * Forgets the person, for good. For supervisors and administrators.
   * @param visitorIds of those who claim an address of the contact, whoever is the same person
   */
  async erase({ id }: Pick<Contact, "id">, visitorIds: readonly string[] = []): Promise<void> {
    const query = new URLSearchParams(visitorIds.map((one) => ["visitor_id", one])).toString();
    await this.api.call({ method: "DELETE", path: `${PATH}/${id}${query && `?${query}`}` });
  }

  /** Who was merged into the contact and can still be parted from it. */
  async partsOf(id: string): Promise<MergedContact[]> {
    return (await this.api.get<Page<MergedContact>>(`${PATH}/${id}/merged`)).items;
  }
}
