import { describe, expect, it } from "vitest";
import type { Api } from "../src/http/api";
import { Catalogue, type Kept } from "../src/http/catalogue";
import type { Call } from "../src/http/http";
import { Problem } from "../src/http/problem";
import { FakeApi } from "./fakes";

const kept = (id: string, position: number): Kept => ({ id, position, version: 1 });

/** A service that keeps a list, and refuses changes against a version that is not the present one. */
async function bench(...items: Kept[]) {
  const api = new FakeApi();
  api.answers.set("GET /api/v1/things", () => ({
    items: items.map((item) => ({ ...item })),
    next_cursor: null,
  }));
  for (const item of items) {
    api.answers.set(`PATCH /api/v1/things/${item.id}`, ({ headers, body }: Call) => {
      if (headers?.["if-match"] !== `"${item.version}"`) throw new Problem(412, "stale_version", "stale");
      Object.assign(item, body, { version: item.version + 1 });
    });
  }
  const catalogue = new Catalogue<Kept>(api as unknown as Api, "/api/v1/things");
  await catalogue.load();
  const order = () => catalogue.items.value?.map(({ id }) => id);
  return { api, catalogue, order, items };
}

describe("a list in the administrators' order", () => {
  it("is shown by position", async () => {
    const { order } = await bench(kept("b", 7), kept("a", 2));
    expect(order()).toEqual(["a", "b"]);
  });

  it.each([
    ["one after the other", [0, 1, 2]],
    ["with gaps", [10, 20, 30]],
    ["shared", [0, 0, 0]],
  ])("moves an item over one neighbour only, with positions %s", async (_, positions) => {
    const { catalogue, order, items } = await bench(
      ...["a", "b", "c"].map((id, index) => kept(id, positions[index] ?? 0)),
    );
    await catalogue.move(items[2] as Kept, -1);
    expect(order()).toEqual(["a", "c", "b"]);
  });

  it("stays as it was read when it cannot be read again", async () => {
    const { api, catalogue, order } = await bench(kept("a", 0));
    api.answers.set("GET /api/v1/things", () => {
      throw new Problem(503, "unavailable", "down");
    });
    await catalogue.load();
    expect(order()).toEqual(["a"]);
    expect(catalogue.problem.value?.code).toBe("unavailable");
  });
});
