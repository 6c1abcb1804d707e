import { CONTACT_FIELDS, type Contact, type ContactField } from "./contact";

/** A contact that is part of another one, until `final_at` not for good. */
export interface MergedContact {
  id: string;
  name: string;
  email: string | null;
  merged_at: string;
  final_at: string;
}

/** What the one that stays will have, by the service's own rule: its own values, and the other's where it lacks one. */
export interface MergeOutcome {
  fields: Record<ContactField, string | null>;
  other_emails: string[];
  /** Both contacts' notes, the staying one's first. */
  notes: string | null;
}

export function mergeOutcome(gone: Contact, stays: Contact): MergeOutcome {
  const fields = Object.fromEntries(
    CONTACT_FIELDS.map((field) => [field, stays[field] ?? gone[field]]),
  ) as MergeOutcome["fields"];
  const emails = [...stays.other_emails, gone.email, ...gone.other_emails];
  return {
    fields,
    other_emails: emails.filter((email) => email !== null && email !== fields.email) as string[],
    notes: [stays.notes, gone.notes].filter(Boolean).join("\n\n") || null,
  };
}
