import type { Locale } from "@guichet/shared/i18n";
import type { Attachment } from "@guichet/shared/protocol";
import { containsWords } from "../words/folded";

export interface Template {
  id: string;
  name: string;
  language: Locale;
  /** Text with placeholders: `{{contact.first_name}}`. */
  body: string;
  attachments: Attachment[];
  position: number;
  version: number;
}

/** Templates whose name or text has each typed word; those whose name has them all first. */
export function findTemplates(templates: readonly Template[], typed: string): Template[] {
  const named = templates.filter(({ name }) => containsWords(name, typed));
  const others = templates.filter(({ name, body }) => containsWords(`${name} ${body}`, typed));
  return [...new Set([...named, ...others])];
}

export interface Placeholder {
  name: string;
  start: number;
  end: number;
}

/** The placeholders left in a text, which is not sent by mistake before each is replaced; other braces are just text. */
export function unfilled(text: string): Placeholder[] {
  return [...text.matchAll(/\{\{\s*([a-z_]\w*(?:\.\w+)*)\s*\}\}/gi)].map((found) => ({
    name: found[1] ?? "",
    start: found.index,
    end: found.index + found[0].length,
  }));
}
