import { describe, expect, it } from "vitest";
import { Contacts } from "../src/contacts/contacts";
import { at, FakeApi } from "./fakes";

const CLAIM = {
  visitor_id: "v1",
  name: "Élodie M.",
  email: "elodie@example.com",
  request_ids: ["r1"],
  numbers: [1001],
  last_activity_at: at(0),
};

describe("erasing a contact", () => {
  it("shows who else gave the address", async () => {
    const api = new FakeApi();
    api.answers.set("GET /api/v1/erasures/claims", ({ query }) => ({
      items: query?.contact_id === "c1" ? [CLAIM] : [],
      next_cursor: null,
    }));
    expect(await new Contacts(api).claimsOn("c1")).toEqual([CLAIM]);
    expect(await new Contacts(api).claimsOn("c2")).toEqual([]);
  });

  it("takes along those who are the same person, and nobody unasked", async () => {
    const api = new FakeApi();
    const paths: string[] = [];
    const contacts = new Contacts({
      get: api.get.bind(api),
      call: async ({ path }: { path: string }) => {
        paths.push(path);
        return undefined as never;
      },
    });
    await contacts.erase({ id: "c1" });
    await contacts.erase({ id: "c1" }, ["v1", "v 2"]);
    expect(paths).toEqual(["/api/v1/contacts/c1", "/api/v1/contacts/c1?visitor_id=v1&visitor_id=v+2"]);
  });
});
