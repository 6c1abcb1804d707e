import type { Locale } from "@guichet/shared/i18n";
import type { Priority } from "@guichet/shared/protocol";
import type { Kept } from "../http/catalogue";
import { folded } from "../words/folded";

export const FIELD_KINDS = ["text", "textarea", "tel", "select"] as const;
export type FieldKind = (typeof FIELD_KINDS)[number];

/** What a form asks beside name, address, subject and message. */
export interface FormField {
  /** What the answer is called on its way; customers do not see it. */
  name: string;
  kind: FieldKind;
  label: string;
  required: boolean;
  /** Of a select, and of nothing else. */
  options: string[];
}

/** A form that customers fill in, on its own page or within another site's. */
export interface WebForm extends Kept {
  /** In its address. */
  key: string;
  name: string;
  language: Locale;
  fields: FormField[];
  /** Of the pages that may show it within them. */
  origins: string[];
  color: string | null;
  reason_id: string | null;
  priority: Priority;
  /** Whether the customer gets a mail with the request's number. */
  confirmation: boolean;
  active: boolean;
}

export type WebFormFields = Omit<WebForm, keyof Kept>;

export const NO_FORM: Omit<WebFormFields, "language"> = {
  key: "",
  name: "",
  fields: [],
  origins: [],
  color: null,
  reason_id: null,
  priority: "low",
  confirmation: true,
  active: true,
};

/** As the service has them. */
export const MOST_FIELDS = 20;
export const KEY_PATTERN = "[A-Za-z0-9_\\-]{1,64}";
const ORIGIN = /^https?:\/\/(\*\.)?[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/;
const LONGEST_FIELD_NAME = 40;

/** A key for a form of this name: "Nous écrire" is `nous-ecrire`. */
export function keyFor(name: string): string {
  return words(name).join("-").slice(0, 64);
}

/** Fields with a name each, after their label: those that have one keep it, as answers and other pages know it. */
export function named(fields: readonly FormField[]): FormField[] {
  const taken = new Set(fields.map(({ name }) => name));
  return fields.map((field) => {
    if (field.name) return field;
    const name = freeName(field.label, taken);
    taken.add(name);
    return { ...field, name };
  });
}

function freeName(label: string, taken: ReadonlySet<string>): string {
  const said = words(label).join("_");
  const base = (/^[a-z]/.test(said) ? said : `field_${said}`)
    .slice(0, LONGEST_FIELD_NAME - 3)
    .replace(/_+$/, "");
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}_${number}`;
    if (!taken.has(name)) return name;
  }
}

/** Each line that says something. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

/** The lines that are no origin (RFC 6454): scheme and host, nothing behind. A path alone is cut off silently. */
export function originsOf(text: string): { origins: string[]; wrong: string[] } {
  const origins = linesOf(text).map((line) => line.replace(/(^https?:\/\/[^/]+)\/.*$/, "$1"));
  return { origins, wrong: origins.filter((origin) => !ORIGIN.test(origin)) };
}

/** The page of the form on the gateway at `base`. */
export function pageOf({ key }: Pick<WebForm, "key">, base: string): string {
  return `${base}/forms/${encodeURIComponent(key)}`;
}

/** What a site puts into its page to show the form there. */
export function snippetOf(form: Pick<WebForm, "key" | "name">, base: string): string {
  const title = form.name.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<iframe src="${pageOf(form, base)}" title="${title}" width="100%" height="720" style="border: 0"></iframe>`;
}

function words(text: string): string[] {
  return folded(text)
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
}
