import { describe, expect, it } from "vitest";
import { texts as proofTexts } from "../proof_texts";
import { texts as formTexts } from "../texts";

describe.each([
  ["a form", formTexts],
  ["the link in a mail", proofTexts],
])("the words of %s", (_, texts) => {
  it("are there in French and English, with the same placeholders", () => {
    const placeholders = (text: unknown) => JSON.stringify(text).match(/\{\w+\}/g) ?? [];
    expect(Object.keys(texts.en).sort()).toEqual(Object.keys(texts.fr).sort());
    for (const [key, text] of Object.entries(texts.fr)) {
      expect([key, placeholders((texts.en as Record<string, unknown>)[key])]).toEqual([
        key,
        placeholders(text),
      ]);
    }
  });
});
