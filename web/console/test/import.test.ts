import { describe, expect, it } from "vitest";
import { ContactImport } from "../src/contacts/import";
import {
  asParameter,
  hasTwins,
  hindrance,
  type ImportPreview,
  leftOut,
  proposed,
} from "../src/contacts/mapping";

const COLUMNS: ImportPreview["columns"] = [
  { header: "Bénéficiaire", field: null, samples: ["Ada Roux"] },
  { header: "Courriel", field: "email", samples: ["ada@example.com"] },
  { header: "Fidélité", field: null, samples: ["or"] },
];
const PREVIEW: ImportPreview = {
  ...{ encoding: "utf-8", separator: ";", lines: 1, columns: COLUMNS },
  ...{ left_out: ["Bénéficiaire", "Fidélité"], unclear: ["Bénéficiaire"], contacts: [] },
};
const FILE = new File(["x"], "base.csv");

/** The service, as far as an import asks it; notes what it was asked. */
class FakeApi {
  readonly calls: { path: string; query?: Record<string, unknown> }[] = [];

  async call<T>({ path, query }: { path: string; query?: Record<string, unknown> }): Promise<T> {
    this.calls.push({ path, ...(query && { query }) });
    if (path.endsWith("/preview")) return PREVIEW as T;
    return { id: "1", state: "done", progress: 1, written: 1, updated: 0, refused: 0, left_out: [] } as T;
  }

  async get<T>(): Promise<T> {
    throw new Error("nobody asks");
  }
}

describe("the columns of a file", () => {
  it("begin as the service proposes, and what may hold the names stays open", () => {
    expect(proposed(PREVIEW)).toEqual(["open", "email", "left-out"]);
  });

  it("are told to the service in their order", () => {
    expect(asParameter(["name", "email", "left-out"])).toBe("name,email,");
  });

  it("that are left out are named, those that are open are not left out yet", () => {
    expect(leftOut(PREVIEW, ["open", "email", "left-out"])).toEqual(["Fidélité"]);
  });

  it("hinder the import while one is open, or none is taken", () => {
    expect(hindrance(["open", "email"])).toBe("open");
    expect(hindrance(["left-out", "left-out"])).toBe("nothing");
    expect(hindrance(["name", "left-out"])).toBeNull();
  });

  it("with the same title and field are twins, whatever signs are in the title", () => {
    const twice = {
      ...PREVIEW,
      columns: [COLUMNS[1], { ...COLUMNS[1], header: "courriel :" }],
    } as ImportPreview;
    expect(hasTwins(twice, ["email", "email"])).toBe(true);
    expect(hasTwins(twice, ["email", "left-out"])).toBe(false);
    expect(hasTwins(PREVIEW, ["email", "email", "left-out"])).toBe(false);
  });
});

describe("an import", () => {
  it("writes nothing before it is confirmed, nor while a column is open", async () => {
    const api = new FakeApi();
    const running = new ContactImport(api);
    await running.choose(FILE);
    await running.confirm({ partial: false, known: "refuse" });
    expect(api.calls.map(({ path }) => path)).toEqual(["/api/v1/contacts/imports/preview"]);
    expect(running.step.value.name).toBe("mapping");
  });

  it("goes as it was mapped, with what becomes of known addresses", async () => {
    const api = new FakeApi();
    const running = new ContactImport(api);
    await running.choose(FILE);
    await running.map(0, "name");
    await running.confirm({ partial: true, known: "update" });
    expect(api.calls.at(-1)).toEqual({
      path: "/api/v1/contacts/imports",
      query: { partial: "true", known: "update", mapping: "name,email," },
    });
    expect(running.step.value.name).toBe("job");
  });
});
