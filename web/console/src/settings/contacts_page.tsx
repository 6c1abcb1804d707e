import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { CONTACT_FIELDS, FIELD_REFUSALS } from "../contacts/contact";
import { ContactImport, type ImportJob } from "../contacts/import";
import { useDesk } from "../desk";
import { FileButton } from "../files/file_button";
import { saveFile } from "../files/save_file";
import { Problem } from "../http/problem";
import { type T, tellProblem, useWords } from "../words/words";

/** The customer base as a whole: CSV in, CSV out. */
export function ContactsPage(): JSX.Element {
  return (
    <>
      <ImportSection />
      <ExportSection />
    </>
  );
}

function ImportSection(): JSX.Element {
  const { t } = useWords();
  const { api } = useDesk();
  const [partial, setPartial] = useState(false);
  const [running] = useState(() => new ContactImport(api));
  useEffect(() => () => running.stop(), [running]);
  const job = running.job.value;
  const problem = running.problem.value;
  return (
    <section class="settings-section">
      <h3>{t("settings.import")}</h3>
      <p>{t("settings.import.explain")}</p>
      <label class="check">
        <input
          type="checkbox"
          checked={partial}
          disabled={running.running}
          onChange={({ currentTarget }) => setPartial(currentTarget.checked)}
        />
        {t("settings.import.partial")}
      </label>
      {!running.running && (
        <FileButton
          label={t("settings.import.choose")}
          accept=".csv,.tsv,.txt,text/csv"
          onFiles={([file]) => file && void running.start(file, partial)}
        >
          {t("settings.import.choose")}
        </FileButton>
      )}
      {running.running && (
        <progress
          aria-label={t("settings.import.progress")}
          value={job === null || job === "sending" ? undefined : job.progress}
        />
      )}
      <p role="status">{job && (job === "sending" ? t("settings.import.sending") : tellJob(job, t))}</p>
      <p class="form-problem" role="alert">
        {problem && tellProblem(problem, t)}
      </p>
      {job && job !== "sending" && job.refused > 0 && !running.running && <Report job={job} />}
    </section>
  );
}

/** The refused lines, each with its reason. */
function Report({ job }: { job: ImportJob }): JSX.Element {
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
            <tr key={`${error.line} ${error.field}`}>
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

function tellJob(job: ImportJob, t: T): string {
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

const FAILURES = ["malformed", "empty", "encoding", "no_header", "doubled_column"] as const;

function tellField(field: string, t: T): string {
  const known = CONTACT_FIELDS.find((candidate) => candidate === field);
  return known ? t(`contact.${known}`) : field;
}

function tellLineError({ code, message }: ImportJob["errors"][number], t: T): string {
  if (code === "contact_exists") return t("settings.import.exists");
  const known = FIELD_REFUSALS.find((candidate) => candidate === code);
  return known ? t(`contact.refused.${known}`) : message;
}

const SEPARATORS = ["semicolon", "comma", "tab"] as const;

function ExportSection(): JSX.Element {
  const { t, locale } = useWords();
  const { api, toasts } = useDesk();
  // What spreadsheets expect in the language.
  const [separator, setSeparator] = useState<(typeof SEPARATORS)[number]>(
    locale === "fr" ? "semicolon" : "comma",
  );
  const [busy, setBusy] = useState(false);
  const start = async () => {
    setBusy(true);
    try {
      const day = new Date().toISOString().slice(0, 10);
      saveFile(await api.blob("/api/v1/contacts/export", { separator }), `contacts-${day}.csv`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(tellProblem(error, t));
    }
    setBusy(false);
  };
  return (
    <section class="settings-section">
      <h3>{t("settings.export")}</h3>
      <p>{t("settings.export.explain")}</p>
      <label class="form-field">
        {t("settings.export.separator")}
        <select
          class="field"
          value={separator}
          onChange={({ currentTarget }) => setSeparator(SEPARATORS[currentTarget.selectedIndex] ?? "comma")}
        >
          {SEPARATORS.map((known) => (
            <option key={known} value={known}>
              {t(`settings.export.${known}`)}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="button" disabled={busy} onClick={() => void start()}>
        {busy ? t("settings.export.busy") : t("settings.export.start")}
      </button>
    </section>
  );
}
