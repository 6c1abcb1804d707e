import { describe, expect, it } from "vitest";
import { contrast, parseColor, textOn } from "../color";

describe("a colour of the site", () => {
  it("is a hexadecimal one, short or long", () => {
    expect(parseColor("#1f4d3a")).toBe("#1f4d3a");
    expect(parseColor("#fa0")).toBe("#ffaa00");
  });

  it("is nothing else, whatever the attribute says", () => {
    for (const value of [null, undefined, "", "red", "#12", "#1234567", "#fff;}", "url(x)"]) {
      expect(parseColor(value)).toBeNull();
    }
  });
});

describe("the text on it", () => {
  it("is the one that contrasts more", () => {
    expect(textOn("#1f4d3a")).toBe("#ffffff");
    expect(textOn("#ffc72e")).toBe("#000000");
  });

  it("has 4.5 : 1 at least, on any grey and on the hardest hues", () => {
    const greys = Array.from(
      { length: 256 },
      (_, level) => `#${level.toString(16).padStart(2, "0").repeat(3)}`,
    );
    for (const color of [...greys, "#ff0000", "#0077ff", "#e0007f", "#008855", "#b35900"]) {
      expect(contrast(color, textOn(color))).toBeGreaterThanOrEqual(4.5);
    }
  });

  it("is measured as WCAG does", () => {
    expect(contrast("#ffffff", "#000000")).toBe(21);
    expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 2);
  });
});
