import { describe, expect, it } from "vitest";
import { changedFields, givenFields, NO_FIELDS } from "../src/contacts/contact";

const visitor = (name: string | null, email: string | null = null) => ({
  visitor: { id: "v", name, email },
});

describe("a contact made of what the visitor gave", () => {
  it("takes the first word as the first name, and the rest as the last", () => {
    expect(givenFields(visitor("Ada King Lovelace", "ada@example.com"))).toEqual({
      ...NO_FIELDS,
      first_name: "Ada",
      last_name: "King Lovelace",
      email: "ada@example.com",
    });
  });

  it("is empty for a visitor who gave nothing", () => {
    expect(givenFields(visitor(null))).toEqual(NO_FIELDS);
    expect(givenFields({ visitor: null })).toEqual(NO_FIELDS);
  });
});

describe("what is saved of a form", () => {
  it("is what changed, with emptied fields as null", () => {
    const before = { ...NO_FIELDS, first_name: "Ada", phone: "+33639981234" };
    expect(changedFields(before, { ...before, first_name: "Ada ", phone: "", company: " Lumière " })).toEqual(
      {
        phone: null,
        company: "Lumière",
      },
    );
  });
});
