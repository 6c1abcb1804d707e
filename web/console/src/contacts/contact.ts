import type { Request } from "@guichet/shared/protocol";

/** A person of the customer base. */
export interface Contact extends Record<ContactField, string | null> {
  id: string;
  name: string;
  other_emails: string[];
  version: number;
}

/** The fields of the form, in its order. */
export const CONTACT_FIELDS = ["first_name", "last_name", "email", "phone", "company"] as const;
export type ContactField = (typeof CONTACT_FIELDS)[number];
export type ContactFields = Record<ContactField, string>;

/** Why the service refuses a field; it says so in codes. */
export const FIELD_REFUSALS = [
  "required",
  "too_long",
  "control_characters",
  "invalid_email",
  "invalid_phone",
] as const;

export const NO_FIELDS: ContactFields = { first_name: "", last_name: "", email: "", phone: "", company: "" };

export function fieldsOf(contact: Contact): ContactFields {
  const { first_name, last_name, email, phone, company } = contact;
  return {
    first_name: first_name ?? "",
    last_name: last_name ?? "",
    email: email ?? "",
    phone: phone ?? "",
    company: company ?? "",
  };
}

/** What the visitor gave of themselves, to begin a contact with: "Ada Lovelace" is a first and a last name. */
export function givenFields({ visitor }: Pick<Request, "visitor">): ContactFields {
  const [first = "", ...rest] = (visitor?.name ?? "").trim().split(/\s+/);
  return { ...NO_FIELDS, first_name: first, last_name: rest.join(" "), email: visitor?.email ?? "" };
}

/** The fields that differ, as the service takes them: emptied ones are null. */
export function changedFields(
  before: ContactFields,
  after: ContactFields,
): Partial<Record<ContactField, string | null>> {
  const changed = CONTACT_FIELDS.filter((field) => before[field].trim() !== after[field].trim());
  return Object.fromEntries(changed.map((field) => [field, after[field].trim() || null]));
}
