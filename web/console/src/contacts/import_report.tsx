import type { JSX } from "preact";
import { type T, useWords } from "../words/words";
import { CONTACT_FIELDS, FIELD_REFUSALS } from "./contact";
import type { ImportJob } from "./import";

/** Why a file as a whole is refused; the service says so in codes. */
export const FAILURES = [
  "malformed",
  "empty",
  "encoding",
  "no_header",
  "doubled_column",
  "unclear_columns",
  "mapping_mismatch",
] as const;

/** Why a line is refused, beside what is wrong with a field of a contact. */
const LINE_REFUSALS = ["contact_gone", "doubled_email", "too_many_cells"] as const;

/** How far the import is, or what became of it. */
export function tellJob(job: ImportJob, t: T): string {
  switch (job.state) {
    case "checking":
      return t("settings.import.checking", { count: job.checked });
    case "writing":
      return t("settings.import.writing", { count: job.written });
    case "done":
      return t("settings.import.done", { count: job.written });
    case "failed": {
      const known = FAILURES.find((code) => code === job.failure?.code);
      return known ? t(`settings.import.failed.${known}`) : t("settings.import.failed");
    }
    default:
      return t(`settings.import.${job.state}`);
  }
}

/** The refused lines, each with its reason. */
export function ImportReport({ job }: { job: ImportJob }): JSX.Element {
  const { t, locale } = useWords();
  const lines = new Set(job.errors.map(({ line }) => line)).size;
  return (
    <>
      <h4>{t("settings.import.report", { count: job.refused })}</h4>
      {lines < job.refused && <p>{t("settings.import.shown", { count: lines })}</p>}
      <table class="report">
        <thead>
          <tr>
            <th scope="col">{t("settings.import.line")}</th>
            <th scope="col">{t("settings.import.field")}</th>
            <th scope="col">{t("settings.import.reason")}</th>
          </tr>
        </thead>
        <tbody>
          {job.errors.map((error) => (
            <tr key={`${error.line} ${error.field} ${error.code}`}>
              <td>{error.line.toLocaleString(locale)}</td>
              <td>{tellField(error.field, t)}</td>
              <td>{tellLineError(error, t)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function tellField(field: string, t: T): string {
  const known = CONTACT_FIELDS.find((candidate) => candidate === field);
  return known ? t(`contact.${known}`) : field === "notes" ? t("import.field.notes") : field;
}

function tellLineError({ code, message }: ImportJob["errors"][number], t: T): string {
  if (code === "contact_exists") return t("settings.import.exists");
  const line = LINE_REFUSALS.find((candidate) => candidate === code);
  if (line) return t(`import.refused.${line}`);
  const known = FIELD_REFUSALS.find((candidate) => candidate === code);
  return known ? t(`contact.refused.${known}`) : message;
}
