import { describe, expect, it } from "vitest";
import { Drafts } from "../src/timeline/drafts";
import { FakeStorage } from "./fakes";

describe("a draft", () => {
  it("survives a reload, with its mode", () => {
    const storage = new FakeStorage();
    new Drafts(storage, "caro").set("r-1", { mode: "note", text: "À rappeler" });
    expect(new Drafts(storage, "caro").of("r-1").value).toEqual({ mode: "note", text: "À rappeler" });
  });

  it("is its request's own", () => {
    const drafts = new Drafts(new FakeStorage(), "caro");
    drafts.set("r-1", { mode: "reply", text: "Bonjour" });
    expect(drafts.of("r-2").value.text).toBe("");
  });

  it("is its agent's own", () => {
    const storage = new FakeStorage();
    new Drafts(storage, "caro").set("r-1", { mode: "reply", text: "Bonjour" });
    expect(new Drafts(storage, "alex").of("r-1").value.text).toBe("");
  });

  it("leaves nothing behind once it is sent", () => {
    const storage = new FakeStorage();
    const drafts = new Drafts(storage, "caro");
    drafts.set("r-1", { mode: "reply", text: "Bonjour" });
    drafts.set("r-1", { mode: "reply", text: "" });
    expect(storage.items.size).toBe(0);
  });

  it("takes the text of a refused message back below what is written", () => {
    const drafts = new Drafts(new FakeStorage(), "caro");
    drafts.add("r-1", "refused");
    expect(drafts.of("r-1").value.text).toBe("refused");
    drafts.add("r-1", "again");
    expect(drafts.of("r-1").value.text).toBe("refused\nagain");
  });
});
