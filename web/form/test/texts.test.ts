import { describe, expect, it } from "vitest";
import { texts } from "../texts";

describe("the words of a form", () => {
  it("are there in French and English, with the same placeholders", () => {
    const placeholders = (text: unknown) => JSON.stringify(text).match(/\{\w+\}/g) ?? [];
    expect(Object.keys(texts.en).sort()).toEqual(Object.keys(texts.fr).sort());
    for (const [key, text] of Object.entries(texts.fr)) {
      expect([key, placeholders(texts.en[key as keyof typeof texts.en])]).toEqual([key, placeholders(text)]);
    }
  });
});
