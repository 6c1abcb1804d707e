import { describe, expect, it } from "vitest";
import type { Contact } from "../src/contacts/contact";
import { mergeOutcome } from "../src/contacts/merging";

function contact(change: Partial<Contact>): Contact {
  return {
    id: "contact",
    name: "",
    first_name: null,
    last_name: null,
    email: null,
    phone: null,
    company: null,
    other_emails: [],
    notes: null,
    version: 1,
    merged_into: null,
    created_at: "2026-11-29T08:00:00Z",
    updated_at: "2026-11-29T08:00:00Z",
    ...change,
  };
}

describe("what stays of two merged contacts", () => {
  it("is what the one that stays has, and the other's where it has nothing", () => {
    const gone = contact({ first_name: "Augusta", email: "augusta@example.com", phone: "+33639981234" });
    const stays = contact({ first_name: "Ada", last_name: "Lovelace", email: "ada@example.com" });
    const { fields } = mergeOutcome(gone, stays);
    expect(fields).toEqual({
      first_name: "Ada",
      last_name: "Lovelace",
      email: "ada@example.com",
      phone: "+33639981234",
      company: null,
    });
  });

  it("has every address once, whichever becomes the main one", () => {
    const gone = contact({ email: "augusta@example.com", other_emails: ["king@example.com"] });
    expect(mergeOutcome(gone, contact({ other_emails: [] }))).toMatchObject({
      fields: { email: "augusta@example.com" },
      other_emails: ["king@example.com"],
    });
    expect(mergeOutcome(gone, contact({ email: "ada@example.com" })).other_emails).toEqual([
      "augusta@example.com",
      "king@example.com",
    ]);
  });

  it("has the notes of both", () => {
    expect(mergeOutcome(contact({ notes: "Rappeler" }), contact({ notes: "Fidèle" })).notes).toBe(
      "Fidèle\n\nRappeler",
    );
  });
});
