import type { OwnMessage } from "@guichet/shared/outbox";
import { describe, expect, it } from "vitest";
import { closing, message } from "../../shared/test/fakes";
import { type Bubble, type Item, thread } from "../frame/thread";

const VISITOR = { kind: "visitor", id: "v1", name: null } as const;
const mine = (seq: number, more = {}) => message(seq, { author: VISITOR, ...more });

function own(id: string, state: OwnMessage["state"], more: Partial<OwnMessage> = {}): OwnMessage {
  return { id, text: id, written_at: Date.parse("2026-01-05T10:05:00Z"), state, ...more };
}

const bubbles = (items: Item[]) => items.filter((item): item is Bubble => item.kind === "bubble");
const kinds = (items: Item[]) => items.map((item) => item.kind);

describe("the list", () => {
  it("begins each day with its date", () => {
    const items = thread([message(1), message(2, { at: "2026-01-07T10:00:00.000Z" })], [], null);
    expect(kinds(items)).toEqual(["day", "bubble", "day", "bubble"]);
  });

  it("ends a conversation with its closing, and parts it from the next", () => {
    const next = message(1, { conversation_id: "c2", id: "n1" });
    expect(kinds(thread([message(1), closing(2), next], [], null))).toEqual([
      "day",
      "bubble",
      "closed",
      "new",
      "bubble",
    ]);
  });

  it("has own messages that are not yet in the log at its end", () => {
    const items = bubbles(thread([message(1)], [own("a", "sending"), own("b", "sending")], null));
    expect(items.map(({ text }) => text)).toEqual(["text 1", "a", "b"]);
  });

  it("has keys that are all different, also when the same day comes after another", () => {
    const items = thread([message(1), closing(2)], [own("a", "refused")], null);
    expect(new Set(items.map(({ key }) => key)).size).toBe(items.length);
  });
});

describe("consecutive messages", () => {
  it("of one author are a group", () => {
    const items = bubbles(thread([message(1), message(2), mine(3)], [own("a", "sending")], null));
    expect(items.map(({ first, last }) => [first, last])).toEqual([
      [true, false],
      [false, true],
      [true, false],
      [false, true],
    ]);
  });

  it("of two agents are not", () => {
    const other = message(2, { author: { kind: "agent", id: "a2", name: "Alex" } });
    const items = bubbles(thread([message(1), other], [], null));
    expect(items.every(({ first, last }) => first && last)).toBe(true);
  });

  it("are parted by a closing", () => {
    const items = bubbles(thread([mine(1), closing(2)], [own("a", "refused")], null));
    expect(items.every(({ first, last }) => first && last)).toBe(true);
  });
});

describe("the state of a message", () => {
  const states = (items: Item[]) => bubbles(items).map(({ state }) => state);

  it("is told under the last own one only", () => {
    expect(states(thread([mine(1), mine(2), message(3)], [], null))).toEqual([undefined, "sent", undefined]);
    expect(states(thread([mine(1)], [own("a", "sending")], null))).toEqual([undefined, "sending"]);
  });

  it("is seen when the agents have read so far", () => {
    expect(states(thread([mine(1)], [], { conversation_id: "c1", seq: 1 }))).toEqual(["seen"]);
    expect(states(thread([mine(1), mine(2)], [], { conversation_id: "c1", seq: 1 }))).toEqual([
      undefined,
      "sent",
    ]);
    expect(states(thread([mine(1)], [], { conversation_id: "c0", seq: 9 }))).toEqual(["sent"]);
  });

  it("is told under every refused one, with the reason", () => {
    const refused = [
      own("a", "refused", { code: "conversation_closed" }),
      own("b", "refused", { code: "conversation_closed" }),
    ];
    const items = bubbles(thread([closing(1)], refused, null));
    expect(items.map(({ state, code }) => [state, code])).toEqual([
      ["refused", "conversation_closed"],
      ["refused", "conversation_closed"],
    ]);
  });
});
