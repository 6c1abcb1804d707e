/** What a column of a file may be; the first ones are put together, or taken apart, into first and last name. */
export const COLUMN_FIELDS = [
  "first_name",
  "middle_name",
  "last_name",
  "name",
  "email",
  "phone",
  "company",
  "notes",
] as const;
export type ColumnField = (typeof COLUMN_FIELDS)[number];

/** A file as the service would take it in, before anything is written. */
export interface ImportPreview {
  encoding: string;
  separator: string;
  lines: number;
  columns: { header: string; field: ColumnField | null; samples: string[] }[];
  left_out: string[];
  /** Headers of columns that may hold the names, where no other column does. */
  unclear: string[];
  /** The first lines, as they would be read. */
  contacts: Partial<Record<ColumnField, string>>[];
}

/** What becomes of each column: a field, `left-out`, or `open` until the agent has said it. */
export type Choice = ColumnField | "left-out" | "open";

/** The service's proposal. What it is unsure of stays open: a name must not be lost because nobody looked. */
export function proposed({ columns, unclear }: ImportPreview): Choice[] {
  return columns.map(({ header, field }) => field ?? (unclear.includes(header) ? "open" : "left-out"));
}

/** The choices as the service takes them: `first_name,,email`. */
export function asParameter(choices: readonly Choice[]): string {
  return choices.map((choice) => (choice === "left-out" || choice === "open" ? "" : choice)).join(",");
}

/** The headers of what would not be taken in; columns without a header and without a value are nobody's loss. */
export function leftOut({ columns }: ImportPreview, choices: readonly Choice[]): string[] {
  return columns
    .filter(({ header, samples }, index) => choices[index] === "left-out" && (header || samples.length > 0))
    .map(({ header }) => header);
}

/** Why the file cannot be taken in with these choices. */
export function hindrance(choices: readonly Choice[]): "open" | "nothing" | null {
  if (choices.includes("open")) return "open";
  return choices.every((choice) => choice === "left-out") ? "nothing" : null;
}

/** Whether two columns of one name are the same field: then the service asks to be told which columns to take. */
export function hasTwins({ columns }: ImportPreview, choices: readonly Choice[]): boolean {
  const taken = columns.flatMap(({ header }, index) => {
    const choice = choices[index];
    return choice === "left-out" ? [] : [`${choice} ${header.toLowerCase().replace(/[\s\p{P}\p{S}]/gu, "")}`];
  });
  return new Set(taken).size < taken.length;
}
