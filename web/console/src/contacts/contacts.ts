import type { Api } from "../http/api";
import type { Page } from "../http/pages";
import type { Contact, ContactField } from "./contact";

const PATH = "/api/v1/contacts";
/** As many as one can choose from at a glance. */
const FOUND = 8;

type Fields = Partial<Record<ContactField, string | null>>;

/** The customer base. Every call throws Problem. */
export class Contacts {
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
}
