import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ListQuery, NO_FILTERS } from "../src/app/route";
import { type Shown, type WatchFrame, Watching, watchFrame } from "../src/requests/watching";

const MINE: ListQuery = { ...NO_FILTERS, view: "mine", channel: "chat", order: "created_at" };

function shown(change: Partial<Shown> = {}): Shown {
  return { query: MINE, requestIds: [], beside: [], told: [], ...change };
}

/** What a console says; `connected` is whether there is anybody to say it to. */
function bench() {
  const said: WatchFrame[] = [];
  const line = { connected: true };
  const watching = new Watching((frame) => line.connected && said.push(frame) > 0);
  return { said, line, watching };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the frame", () => {
  it("names the list, its rows and what is open, without what the server does not look at", () => {
    const query: ListQuery = { ...MINE, q: "lampe", automatic: "true" };
    const frame = watchFrame(shown({ query, requestIds: ["b", "a", "b"] }));
    const { q, automatic, order, ...view } = MINE;
    expect(frame).toEqual({ type: "watch", request_ids: ["a", "b"], view, bundled: true });
    expect(frame.view).not.toHaveProperty("q");
    expect(frame.view).not.toHaveProperty("automatic");
  });

  it("names the contact of which something is shown, and those requests", () => {
    const beside = [{ contactId: "ada", requestIds: ["z", "a"] }];
    const frame = watchFrame(shown({ requestIds: ["a"], beside }));
    expect(frame).toMatchObject({ request_ids: ["a", "z"], contact_id: "ada" });
  });

  it("names what the agent is to be told of besides", () => {
    expect(watchFrame(shown({ told: ["mine", "unassigned"] })).also).toEqual(["mine", "unassigned"]);
    expect(watchFrame(shown())).not.toHaveProperty("also");
  });

  it("asks for everything where more is shown than it can name", () => {
    const everything = { type: "watch", request_ids: [], view: { view: "all" }, bundled: true };
    const ids = Array.from({ length: 2001 }, (_, n) => `${n}`);
    expect(watchFrame(shown({ requestIds: ids }))).toEqual(everything);
    expect(watchFrame(shown({ requestIds: ids.slice(1) })).request_ids).toHaveLength(2000);
    const [ada, bea] = [
      { contactId: "ada", requestIds: [] },
      { contactId: "bea", requestIds: [] },
    ];
    expect(watchFrame(shown({ beside: [ada, bea] }))).toEqual(everything);
    expect(watchFrame(shown({ beside: [ada, ada] })).contact_id).toBe("ada");
  });
});

describe("what is said", () => {
  it("is said at once, and again only when it is something else", () => {
    const { said, watching } = bench();
    watching.tell(shown({ requestIds: ["a", "b"] }));
    vi.advanceTimersByTime(5000);
    watching.tell(shown({ requestIds: ["b", "a"] }));
    expect(said.map(({ request_ids }) => request_ids)).toEqual([["a", "b"]]);
  });

  it("is said twice a second at most, and the last of it always", () => {
    const { said, watching } = bench();
    for (let n = 0; n < 100; n += 1) {
      watching.tell(shown({ requestIds: [`${n}`] }));
      vi.advanceTimersByTime(20);
    }
    vi.advanceTimersByTime(1000);
    expect(said.length).toBeLessThan(6);
    expect(said.at(-1)?.request_ids).toEqual(["99"]);
  });

  it("is said anew on a new connection, as it is then", () => {
    const { said, line, watching } = bench();
    line.connected = false;
    watching.tell(shown({ requestIds: ["a"] }));
    watching.tell(shown({ requestIds: ["b"] }));
    expect(said).toEqual([]);
    line.connected = true;
    watching.renew();
    vi.advanceTimersByTime(1000);
    watching.renew();
    expect(said.map(({ request_ids }) => request_ids)).toEqual([["b"], ["b"]]);
  });

  it("ends with the desk", () => {
    const { said, watching } = bench();
    watching.tell(shown({ requestIds: ["a"] }));
    watching.tell(shown({ requestIds: ["b"] }));
    watching.stop();
    vi.advanceTimersByTime(5000);
    expect(said).toHaveLength(1);
  });
});
