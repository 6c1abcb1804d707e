import { describe, expect, it } from "vitest";
import { mergeNewest, mergeOlder, NO_HISTORY, newestSaid, timeline, without } from "../src/timeline/merge";
import { entry, item } from "./fakes";

const page = (items: ReturnType<typeof item>[], next_cursor: string | null = null) => ({
  items,
  next_cursor,
});
const ids = (items: { id: string }[]) => items.map(({ id }) => id);

describe("the timeline", () => {
  it("shows the log of the current conversation and all else of the history, in the order of time", () => {
    const history = mergeNewest(NO_HISTORY, page([item("note", 3, { kind: "note" }), item("old mail", 0)]));
    const shown = timeline(history, [entry(1, 1), entry(2, 2), entry(3, 4)], "conversation");
    expect(ids(shown)).toEqual(["old mail", "message 1", "message 2", "note", "message 3"]);
  });

  it("shows a message once that both sources have", () => {
    const history = mergeNewest(
      NO_HISTORY,
      page([item("told by the history", 1, { conversation_id: "conversation", seq: 1 })]),
    );
    expect(ids(timeline(history, [entry(1)], "conversation"))).toEqual(["message 1"]);
  });

  it("takes the current conversation from the history for as long as its log is not there", () => {
    const history = mergeNewest(
      NO_HISTORY,
      page([item("a", 1, { conversation_id: "conversation", seq: 1 })]),
    );
    expect(ids(timeline(history, [], "conversation"))).toEqual(["a"]);
  });

  it("keeps the messages of an earlier conversation", () => {
    const history = mergeNewest(
      NO_HISTORY,
      page([item("earlier", 0, { conversation_id: "before", seq: 1 })]),
    );
    expect(ids(timeline(history, [entry(1)], "conversation"))).toEqual(["earlier", "message 1"]);
  });

  it("puts entries of one millisecond in the order of the log", () => {
    const log = [entry(1, 5), entry(2, 5), entry(10, 5)];
    expect(timeline(NO_HISTORY, log, "conversation").map(({ seq }) => seq)).toEqual([1, 2, 10]);
  });

  it("tells the closing as an event, once", () => {
    const told = item("closing", 2, {
      kind: "event",
      conversation_id: "conversation",
      event: { name: "conversation_closed" },
    });
    const closed = {
      kind: "closed",
      conversation_id: "conversation",
      seq: 2,
      id: "closed",
      author: { kind: "agent", id: "caro", name: "Caro Agent" },
      at: told.at,
      request_status: "pending",
    } as const;
    const shown = timeline(mergeNewest(NO_HISTORY, page([told])), [entry(1), closed], "conversation");
    expect(ids(shown)).toEqual(["message 1", "closed"]);
    expect(shown[1]?.event).toMatchObject({ name: "conversation_closed", to: "pending" });
  });

  it("shows the log no further back than the history that was read, so that nothing is put in between later", () => {
    const history = mergeNewest(NO_HISTORY, page([item("note", 5, { kind: "note" })], "older"));
    const log = [entry(1, 1), entry(2, 6)];
    expect(ids(timeline(history, log, "conversation"))).toEqual(["note", "message 2"]);
    const whole = mergeOlder(history, page([item("first note", 0, { kind: "note" })]));
    expect(ids(timeline(whole, log, "conversation"))).toEqual([
      "first note",
      "message 1",
      "note",
      "message 2",
    ]);
  });
});

describe("the newest that was said", () => {
  it("is a message or an e-mail, not a note or an event", () => {
    const mail = item("mail", 2, { kind: "email" });
    const history = mergeNewest(NO_HISTORY, page([item("note", 3, { kind: "note" }), mail, item("a", 1)]));
    expect(newestSaid(history)?.id).toBe("mail");
  });
});

describe("the newest page read again", () => {
  it("is joined to what is known", () => {
    const known = mergeNewest(NO_HISTORY, page([item("b", 2), item("a", 1)], "older"));
    const joined = mergeNewest(known, page([item("c", 3), item("b", 2, { text: "edited" })], "other"));
    expect([...joined.items.keys()].sort()).toEqual(["a", "b", "c"]);
    expect(joined.items.get("b")?.text).toBe("edited");
    expect(joined.cursor).toBe("older");
  });

  it("lets go of what was moved to another request", () => {
    const known = mergeNewest(NO_HISTORY, page([item("c", 3), item("moved", 2), item("b", 1), item("a", 0)]));
    const again = mergeNewest(known, page([item("c", 3), item("b", 1)], "more"));
    expect([...again.items.keys()].sort()).toEqual(["a", "b", "c"]);
    expect([...without(again, "a").items.keys()].sort()).toEqual(["b", "c"]);
  });

  it("takes the place of what it does not reach, so that no hole is left between the two", () => {
    const known = mergeNewest(NO_HISTORY, page([item("a", 1)]));
    const anew = mergeNewest(known, page([item("z", 9), item("y", 8)], "more"));
    expect([...anew.items.keys()]).toEqual(["z", "y"]);
    expect(anew.cursor).toBe("more");
  });
});
