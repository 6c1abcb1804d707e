import type { Problem } from "../http/problem";
import { type T, tellProblem } from "../words/words";

/** "812 octets", "12,3 ko", "4,1 Mo". */
export function tellSize(bytes: number, locale: string): string {
  if (bytes < 1000) return bytes.toLocaleString(locale, { style: "unit", unit: "byte", unitDisplay: "long" });
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1000, "kilobyte"] : [bytes / 1_000_000, "megabyte"];
  return value.toLocaleString(locale, { style: "unit", unit, maximumFractionDigits: 1 });
}

const REFUSALS = [
  "too_large",
  "type_not_allowed",
  "infected",
  "empty_file",
  "upload_cut",
  "upload_too_slow",
  "lost",
  "not_found",
  "validation_failed",
] as const;

/** Why a file cannot be sent, and what to do. */
export function tellFileProblem(problem: Problem, t: T): string {
  const refusal = REFUSALS.find((code) => code === problem.code);
  return refusal ? t(`file.${refusal}`) : tellProblem(problem, t);
}

/** Whether sending the same file again may end otherwise. */
export function mayRetry({ passing, code }: Problem): boolean {
  return passing || code === "upload_cut" || code === "upload_too_slow";
}
