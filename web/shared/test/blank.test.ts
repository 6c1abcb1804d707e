import { describe, expect, it } from "vitest";
import { isBlank } from "../blank";

describe("a text", () => {
  it("is blank where it shows nothing, whatever is in it", () => {
    for (const text of [
      "",
      " \n",
      "\u00a0",
      "\u200b\u200d\ufeff",
      "\u3164",
      "\u115f\uffa0",
      "\u202e \u202c",
      "\u2800",
    ]) {
      expect(isBlank(text)).toBe(true);
    }
  });

  it("is not where it shows anything", () => {
    for (const text of [".", "\u200bA", "\u202eاب", "שלום", "❤\ufe0f", "👨\u200d👩", "⠁", "한"]) {
      expect(isBlank(text)).toBe(false);
    }
  });
});
