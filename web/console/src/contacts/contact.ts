import type { EmailAddress, Request } from "@guichet/shared/protocol";

/** A person of the customer base. */
export interface Contact extends Record<ContactField, string | null> {
  id: string;
  name: string;
  other_emails: string[];
  /** Where another contact took its place. */
  merged_into: string | null;
  created_at: string;
  updated_at: string;
  notes: string | null;
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

/** What the visitor gave of themselves, to begin a contact with. */
export function givenFields({ visitor }: Pick<Request, "visitor">): ContactFields {
  return { ...NO_FIELDS, ...namedFields(visitor?.name ?? ""), email: visitor?.email ?? "" };
}

/** Who wrote an e-mail, as the service takes a new contact. */
export function sentFields({ email, name }: EmailAddress): Partial<Record<ContactField, string | null>> {
  return changedFields(NO_FIELDS, { ...NO_FIELDS, ...namedFields(name), email });
}

/** What was looked for in vain, to begin a contact with: an address, a phone number or a name. */
export function typedFields(typed: string): ContactFields {
  const text = typed.trim();
  if (text.includes("@")) return { ...NO_FIELDS, email: text };
  return /^[+\d][\d\s().-]*$/.test(text)
    ? { ...NO_FIELDS, phone: text }
    : { ...NO_FIELDS, ...namedFields(text) };
}

/** "Ada Lovelace" is a first and a last name. */
function namedFields(name: string): Pick<ContactFields, "first_name" | "last_name"> {
  const [first = "", ...rest] = name.trim().split(/\s+/);
  return { first_name: first, last_name: rest.join(" ") };
}

/** The fields that differ, as the service takes them: emptied ones are null. */
export function changedFields(
  before: ContactFields,
  after: ContactFields,
): Partial<Record<ContactField, string | null>> {
  const changed = CONTACT_FIELDS.filter((field) => before[field].trim() !== after[field].trim());
  return Object.fromEntries(changed.map((field) => [field, after[field].trim() || null]));
}
