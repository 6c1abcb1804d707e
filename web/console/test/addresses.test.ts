import { describe, expect, it } from "vitest";
import { readAddresses, tellAddress } from "../src/emails/addresses";

describe("addresses typed into the copies", () => {
  it("may be pasted with names, and with any separator that mail programs use", () => {
    expect(readAddresses("Ada <ada@example.org>; bob@example.org,\ncaro@example.org ").addresses).toEqual([
      "ada@example.org",
      "bob@example.org",
      "caro@example.org",
    ]);
  });

  it("count once however often they are named", () => {
    expect(readAddresses("ada@example.org, ada@example.org").addresses).toEqual(["ada@example.org"]);
  });

  it("are told apart from what is none", () => {
    expect(readAddresses("ada@example.org, bob, carol@").wrong).toEqual(["bob", "carol@"]);
  });
});

describe("an address", () => {
  it("is told with its name where it has one", () => {
    expect(tellAddress({ email: "ada@example.org", name: "Ada" })).toBe("Ada <ada@example.org>");
    expect(tellAddress({ email: "ada@example.org", name: "" })).toBe("ada@example.org");
  });
});
