import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ListQuery, NO_FILTERS } from "../src/app/route";
import type { Api } from "../src/http/api";
import type { RequestPage } from "../src/requests/list";
import { Requests } from "../src/requests/requests";
import { FakeApi, request, settled } from "./fakes";

const ALL: ListQuery = { ...NO_FILTERS, view: "all", order: "-last_activity_at" };

/** The list, and how its next page comes back when the test says so. */
function bench() {
  const api = new FakeApi();
  const waiting: ((page: RequestPage) => void)[] = [];
  api.answers.set("GET /api/v1/requests", () => new Promise((resolve) => waiting.push(resolve)));
  api.answers.set("GET /api/v1/requests/counts", () => null);
  const requests = new Requests(api as unknown as Api, "caro");
  const answer = async (items: RequestPage["items"], next_cursor: string | null = null) => {
    waiting.shift()?.({ items, next_cursor });
    await settled();
  };
  const shown = () => requests.list.value.shown.map(({ id, version }) => `${id} v${version}`);
  const counted = () => api.calls.filter(({ path }) => path === "/api/v1/requests/counts").length;
  return { requests, answer, shown, counted };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("what changes live while a page is on its way", () => {
  it("is shown, though the page was read before it", async () => {
    const { requests, answer, shown } = bench();
    requests.show(ALL);
    await settled();
    requests.changed(request("new", 9));
    await answer([request("old", 1)]);
    expect(shown()).toEqual(["new v1", "old v1"]);
  });

  it("does not come back when it has left the view", async () => {
    const { requests, answer, shown } = bench();
    requests.show({ ...ALL, view: "open" });
    await answer([request("first", 9)], "more");
    void requests.loadMore();
    await settled();
    requests.changed(request("second", 5, { status: "closed", version: 2 }));
    await answer([request("second", 5), request("third", 1)]);
    expect(shown()).toEqual(["first v1", "third v1"]);
  });

  it("is newer than the page", async () => {
    const { requests, answer, shown } = bench();
    requests.show(ALL);
    await settled();
    requests.changed(request("r", 9, { version: 3 }));
    await answer([request("r", 1, { version: 2 })]);
    expect(shown()).toEqual(["r v3"]);
  });
});

describe("a page read after a gap", () => {
  it("takes out what has left the view", async () => {
    const { requests, answer, shown } = bench();
    requests.show(ALL);
    await settled();
    await answer([request("a", 2), request("b", 1)]);
    void requests.reload();
    await settled();
    await answer([request("b", 1)]);
    expect(shown()).toEqual(["b v1"]);
  });
});

describe("changes of requests that are not shown", () => {
  it("have the counts read again, but seldom, however many there are", async () => {
    const { requests, counted } = bench();
    for (let n = 0; n < 40; n += 1) {
      requests.othersChanged();
      await vi.advanceTimersByTimeAsync(250);
    }
    expect(counted()).toBeGreaterThan(1);
    expect(counted()).toBeLessThan(5);
  });

  it("have them read no more once the desk is left", async () => {
    const { requests, counted } = bench();
    requests.othersChanged();
    requests.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(counted()).toBe(0);
  });
});

describe("what is shown beside the list", () => {
  it("is known for as long as it is listened for", () => {
    const { requests } = bench();
    const ada = { contactId: "ada", requestIds: ["a"] };
    const stop = requests.listen(() => {}, ada);
    expect(requests.beside.value).toEqual([ada]);
    stop();
    expect(requests.beside.value).toEqual([]);
  });
});
