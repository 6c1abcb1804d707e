import { describe, expect, it } from "vitest";
import { type ListQuery, NO_FILTERS } from "../src/app/route";
import {
  appendPage,
  applyChange,
  belongs,
  EMPTY_LIST,
  mergeFirstPage,
  movesCounts,
  type RequestList,
  settle,
} from "../src/requests/list";
import { at, request } from "./fakes";

const OPEN: ListQuery = { ...NO_FILTERS, view: "open", order: "-last_activity_at" };
const caro = { id: "caro", name: "Caro Agent", initials: "CA" };
const ids = (list: RequestList) => list.shown.map(({ id }) => id);
const listOf = (...shown: RequestList["shown"]): RequestList => ({ ...EMPTY_LIST, shown });
const change = (list: RequestList, changed: ReturnType<typeof request>, atTop = true) =>
  applyChange(list, changed, { query: OPEN, me: "caro", atTop });

describe("membership in a view", () => {
  it.each([
    ["all", { status: "closed" }, true],
    ["open", { status: "pending" }, true],
    ["open", { status: "closed" }, false],
    ["mine", { assignee: caro }, true],
    ["mine", { assignee: { ...caro, id: "alex" } }, false],
    ["mine", { assignee: caro, status: "closed" }, false],
    ["unassigned", {}, true],
    ["unassigned", { assignee: caro }, false],
    ["unassigned", { status: "closed" }, false],
    ["closed", { status: "closed" }, true],
    ["closed", { status: "pending" }, false],
  ] as const)("%s, %o: %s", (view, given, expected) => {
    expect(belongs(request("r", 1, given), { ...OPEN, view }, "caro")).toBe(expected);
  });

  it.each([
    ["1042", true],
    ["#1042", true],
    ["104", false],
    ["love", true],
    ["ADA retour", true],
    ["lace", false],
    ["Ada livraison", false],
    ["oeu", true],
  ])("finds the number, or the beginnings of words of name and subject: %s", (q, expected) => {
    const contact = { id: "ada", name: "Adà Lovelace", email: null };
    const found = request("r", 1, { number: 1042, subject: "Retour d’une Œuvre", contact });
    expect(belongs(found, { ...OPEN, q }, "caro")).toBe(expected);
  });

  it("asks of a request to pass every filter", () => {
    const query: ListQuery = { ...OPEN, view: "all", channel: "chat", status: "pending" };
    expect(belongs(request("r", 1, { status: "pending" }), query, "caro")).toBe(true);
    expect(belongs(request("r", 1, { status: "new" }), query, "caro")).toBe(false);
    expect(belongs(request("r", 1, { status: "pending", channel: "email" }), query, "caro")).toBe(false);
  });
});

describe("a live change at the top of the list", () => {
  const list = listOf(request("b", 2), request("a", 1));

  it("puts a new request in its place", () => {
    expect(ids(change(list, request("c", 3)))).toEqual(["c", "b", "a"]);
  });

  it("moves a request up as it lives", () => {
    expect(ids(change(list, request("a", 3, { version: 2 })))).toEqual(["a", "b"]);
  });

  it("is dropped when it is not newer than what is shown", () => {
    expect(change(list, request("a", 3, { version: 1 }))).toBe(list);
  });

  it("takes a request out of a view that it has left", () => {
    expect(ids(change(list, request("a", 3, { version: 2, status: "closed" })))).toEqual(["b"]);
  });

  it("leaves what is older than all that is loaded to the page that brings it", () => {
    const more = { ...list, cursor: "next" };
    expect(change(more, request("old", 0))).toBe(more);
  });
});

describe("the order of the list", () => {
  const early = request("early", 5, { created_at: at(1), priority: "low" });
  const late = request("late", 3, { created_at: at(2), priority: "high" });
  const middle = request("middle", 4, { created_at: at(3), priority: "high" });

  it.each([
    ["-last_activity_at", ["early", "middle", "late"]],
    ["created_at", ["early", "late", "middle"]],
    ["-priority", ["middle", "late", "early"]],
  ] as const)("by %s is that of the server, whatever comes when", (order, expected) => {
    const query = { ...OPEN, order };
    for (const arriving of [
      [early, late, middle],
      [middle, late, early],
    ]) {
      const live = arriving.reduce(
        (list, one) => applyChange(list, one, { query, me: "caro", atTop: true }),
        EMPTY_LIST,
      );
      expect(ids(live)).toEqual(expected);
      expect(ids(settle({ ...EMPTY_LIST, waiting: arriving }, order))).toEqual(expected);
      expect(ids(mergeFirstPage(EMPTY_LIST, { items: arriving, next_cursor: null }, order))).toEqual(
        expected,
      );
    }
  });
});

describe("a live change while the reader is further down", () => {
  const list = listOf(request("b", 2), request("a", 1));

  it("keeps a new request waiting", () => {
    const changed = change(list, request("c", 3), false);
    expect(ids(changed)).toEqual(["b", "a"]);
    expect(changed.waiting.map(({ id }) => id)).toEqual(["c"]);
  });

  it("shows what changed without moving the row", () => {
    const changed = change(list, request("a", 3, { version: 2, preview: "Merci" }), false);
    expect(changed.shown.map(({ id, preview }) => [id, preview])).toEqual([
      ["b", "Bonjour"],
      ["a", "Merci"],
    ]);
  });

  it("counts a request that changes twice as one", () => {
    const once = change(list, request("c", 3), false);
    expect(change(once, request("c", 4, { version: 2 }), false).waiting).toHaveLength(1);
  });

  it("puts everything in its place once the reader is back at the top", () => {
    const waiting = change(list, request("c", 3), false);
    const back = settle(change(waiting, request("a", 4, { version: 2 }), false), OPEN.order);
    expect(ids(back)).toEqual(["a", "c", "b"]);
    expect(back.waiting).toEqual([]);
  });
});

describe("the next page", () => {
  it("goes below, without what has come live meanwhile", () => {
    const list = { ...listOf(request("b", 4), request("a", 3, { version: 5 })), cursor: "2" };
    const next = appendPage(list, { items: [request("a", 1), request("z", 0)], next_cursor: null });
    expect(next.shown.map(({ id, version }) => [id, version])).toEqual([
      ["b", 1],
      ["a", 5],
      ["z", 1],
    ]);
    expect(next.cursor).toBeNull();
  });
});

describe("the first page read again", () => {
  it("drops what has left the view and keeps the pages below", () => {
    const list = {
      ...listOf(request("d", 4), request("c", 3), request("b", 2), request("a", 1)),
      cursor: "4",
    };
    const merged = mergeFirstPage(
      list,
      { items: [request("e", 5), request("c", 3)], next_cursor: "2" },
      OPEN.order,
    );
    expect(ids(merged)).toEqual(["e", "c", "b", "a"]);
    expect(merged.cursor).toBe("4");
  });

  it("starts the list anew when it does not reach what was loaded", () => {
    const list = { ...listOf(request("b", 2), request("a", 1)), cursor: "2" };
    const merged = mergeFirstPage(
      list,
      { items: [request("z", 9), request("y", 8)], next_cursor: "2'" },
      OPEN.order,
    );
    expect(ids(merged)).toEqual(["z", "y"]);
    expect(merged.cursor).toBe("2'");
  });

  it("is the whole list when nothing follows it", () => {
    const list = listOf(request("b", 2), request("a", 1));
    expect(ids(mergeFirstPage(list, { items: [request("b", 2)], next_cursor: null }, OPEN.order))).toEqual([
      "b",
    ]);
  });

  it("does not take back a newer state that came live", () => {
    const list = listOf(request("a", 5, { version: 3 }));
    const merged = mergeFirstPage(
      list,
      { items: [request("a", 1, { version: 2 })], next_cursor: null },
      OPEN.order,
    );
    expect(merged.shown[0]?.version).toBe(3);
  });
});

describe("the counts of the views", () => {
  it("move with the status, the assignee and a new request", () => {
    const before = request("a", 1);
    expect(movesCounts(undefined, before)).toBe(true);
    expect(movesCounts(before, { ...before, status: "closed" })).toBe(true);
    expect(movesCounts(before, { ...before, assignee: caro })).toBe(true);
  });

  it("do not move with a message", () => {
    const before = request("a", 1);
    expect(movesCounts(before, { ...before, preview: "Merci", unread: 2, version: 2 })).toBe(false);
  });
});
