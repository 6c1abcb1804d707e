import { describe, expect, it } from "vitest";
import { group } from "../src/timeline/group";
import { item } from "./fakes";

const agent = { kind: "agent", id: "caro", name: "Caro Agent" } as const;
const shape = (items: ReturnType<typeof item>[]) =>
  group(items).map((block) => (block.kind === "group" ? block.items.map(({ id }) => id) : block.kind));

describe("grouping", () => {
  it("puts what one author says in one go together", () => {
    const answer = item("c", 3, { author: agent, direction: "outbound" });
    expect(shape([item("a", 1), item("b", 2), answer])).toEqual(["day", ["a", "b"], ["c"]]);
  });

  it("begins anew after a pause", () => {
    expect(shape([item("a", 1), item("b", 20)])).toEqual(["day", ["a"], ["b"]]);
  });

  it("begins anew after an event, and when a note follows a message", () => {
    const note = item("note", 2, { author: agent, kind: "note", direction: "internal" });
    const said = item("said", 1, { author: agent, direction: "outbound" });
    expect(shape([said, note, item("e", 3, { kind: "event" }), item("b", 4)])).toEqual([
      "day",
      ["said"],
      ["note"],
      "event",
      ["b"],
    ]);
  });

  it("leaves each e-mail by itself", () => {
    expect(shape([item("a", 1, { kind: "email" }), item("b", 2, { kind: "email" })])).toEqual([
      "day",
      ["a"],
      ["b"],
    ]);
  });

  it("separates the days", () => {
    expect(shape([item("a", 1), item("b", 1 + 24 * 60)])).toEqual(["day", ["a"], "day", ["b"]]);
  });

  it("keeps what came by different channels apart", () => {
    const form = item("form", 1, { channel: "web_form" });
    expect(shape([form, item("chat", 2)])).toEqual(["day", ["form"], ["chat"]]);
  });
});
