import type { Dictionary, Text } from "@guichet/shared/i18n";
import { describe, expect, it } from "vitest";
import { texts as frame } from "../frame/texts";
import { texts as loader } from "../loader/texts";

/** The placeholders of a text, which must be the same whatever the language. */
function placeholders(text: Text | undefined): string[] {
  const forms = typeof text === "string" ? [text] : Object.values(text ?? {});
  return [...new Set(forms.flatMap((form) => form.match(/\{\w+\}/g) ?? []))].sort();
}

describe.each([
  ["the frame", frame],
  ["the loader", loader],
])("the texts of %s", (_, { fr, en }: { fr: Dictionary; en: Dictionary }) => {
  it("are the same in both languages", () => {
    expect(Object.keys(en)).toEqual(Object.keys(fr));
    for (const key of Object.keys(fr))
      expect([key, placeholders(en[key])]).toEqual([key, placeholders(fr[key])]);
  });

  it("do not raise their voice", () => {
    for (const text of [...Object.values(fr), ...Object.values(en)])
      expect(JSON.stringify(text)).not.toContain("!");
  });
});
