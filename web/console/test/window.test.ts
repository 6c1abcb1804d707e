import { describe, expect, it } from "vitest";
import { rowWindow } from "../src/requests/window";

describe("the rows that exist", () => {
  it("are those in sight and a few more on each side", () => {
    const { first, end } = rowWindow(6000, 600, 60, 100_000);
    expect(first).toBeLessThan(100);
    expect(end).toBeGreaterThan(110);
    expect(end - first).toBeLessThan(40);
  });

  it("end with the list", () => {
    expect(rowWindow(0, 600, 60, 3)).toEqual({ first: 0, end: 3 });
    expect(rowWindow(6000, 600, 60, 3)).toEqual({ first: 3, end: 3 });
  });
});
