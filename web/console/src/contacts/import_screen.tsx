import type { JSX, TargetedSubmitEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useDesk } from "../desk";
import { FileButton } from "../files/file_button";
import { useFileDrop } from "../files/use_file_drop";
import type { Problem } from "../http/problem";
import { type T, tellProblem, useWords } from "../words/words";
import { type Candidate, ContactImport, type ImportRules } from "./import";
import { ImportColumns } from "./import_columns";
import { FAILURES, ImportReport, tellJob } from "./import_report";
import { hindrance, leftOut } from "./mapping";
import "./import.css";

/** A CSV file into the customer base: choose it, say what its columns are, confirm, read what became of it. */
export function ImportScreen({ onDone }: { onDone?: () => void }): JSX.Element {
  const { t, locale } = useWords();
  const { api } = useDesk();
  const [running] = useState(() => new ContactImport(api));
  useEffect(() => () => running.stop(), [running]);
  const step = running.step.value;
  const problem = running.problem.value;
  const choose = ([file]: File[]) => file && void running.choose(file);
  const over = useFileDrop(running.running ? null : choose);
  const job = step.name === "job" ? step.job : null;
  const ended = job !== null && !running.running;
  useEffect(() => {
    if (ended) onDone?.();
  }, [ended, onDone]);
  return (
    <section class="import" data-over={over} aria-label={t("import.title")}>
      {step.name === "choosing" && (
        <>
          <p>{t("import.explain")}</p>
          <FileButton label={t("settings.import.choose")} accept=".csv,.tsv,.txt,text/csv" onFiles={choose}>
            {t("settings.import.choose")}
          </FileButton>
          <p class="hint">{t("import.drop")}</p>
        </>
      )}
      {step.name === "mapping" && (
        <Confirmation
          candidate={step.candidate}
          onMap={(column, choice) => void running.map(column, choice)}
          onConfirm={(rules) => void running.confirm(rules)}
          onBack={() => running.reset()}
        />
      )}
      {running.running && <progress aria-label={t("settings.import.progress")} value={job?.progress} />}
      <p role="status">
        {step.name === "reading" && t("import.reading", { name: step.file.name })}
        {step.name === "sending" && t("settings.import.sending")}
        {job && tellJob(job, t)}
      </p>
      <p class="form-problem" role="alert">
        {problem && tellImportProblem(problem, t)}
      </p>
      {ended && job && (
        <>
          {job.updated > 0 && <p>{t("import.updated", { count: job.updated })}</p>}
          {job.left_out.length > 0 && (
            <p>{t("import.leftOut", { columns: new Intl.ListFormat(locale).format(job.left_out) })}</p>
          )}
          {job.refused > 0 && <ImportReport job={job} />}
          <button type="button" class="button" onClick={() => running.reset()}>
            {t("import.another")}
          </button>
        </>
      )}
    </section>
  );
}

interface ConfirmationProps {
  candidate: Candidate;
  onMap: Parameters<typeof ImportColumns>[0]["onMap"];
  onConfirm: (rules: ImportRules) => void;
  onBack: () => void;
}

/** What would be taken in, and how; nothing is written before the button is pressed. */
function Confirmation({ candidate, onMap, onConfirm, onBack }: ConfirmationProps): JSX.Element {
  const { t, locale } = useWords();
  const { file, preview, choices } = candidate;
  const [rules, setRules] = useState<ImportRules>({ partial: false, known: "refuse" });
  const [asked, setAsked] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that chose the file is gone: the keyboard goes on from here.
  useLayoutEffect(() => heading.current?.focus(), []);
  const hindered = hindrance(choices);
  const left = leftOut(preview, choices);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!hindered) return onConfirm(rules);
    setAsked(true);
    const at = hindered === "open" ? choices.indexOf("open") : 0;
    form.current?.querySelectorAll<HTMLSelectElement>("select")[at]?.focus();
  };
  return (
    <form ref={form} class="import-form" onSubmit={submit}>
      <h3 ref={heading} tabIndex={-1}>
        <bdi>{file.name}</bdi>
      </h3>
      <p>
        {t("import.lines", { count: preview.lines })}
        {" · "}
        {tellSeparator(preview.separator, t)}
        {" · "}
        {preview.encoding.toUpperCase()}
      </p>
      <ImportColumns candidate={candidate} asked={asked} onMap={onMap} />
      <p role="status">
        {left.length > 0
          ? t("import.leftOut", { columns: new Intl.ListFormat(locale).format(left.map(named(t))) })
          : t("import.allTaken")}
      </p>
      <FirstContacts candidate={candidate} />
      <fieldset class="import-rules">
        <legend>{t("import.known")}</legend>
        {(["refuse", "update"] as const).map((known) => (
          <label key={known} class="check">
            <input
              type="radio"
              name="known"
              checked={rules.known === known}
              onChange={() => setRules({ ...rules, known })}
            />
            <span>
              {t(`import.known.${known}`)}
              <span class="hint">{t(`import.known.${known}.hint`)}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <label class="check">
        <input
          type="checkbox"
          checked={rules.partial}
          onChange={({ currentTarget }) => setRules({ ...rules, partial: currentTarget.checked })}
        />
        {t("settings.import.partial")}
      </label>
      <p class="form-problem" role="alert">
        {asked && hindered && t(`import.hindered.${hindered}`)}
      </p>
      <div class="form-actions">
        <button type="button" class="button" onClick={onBack}>
          {t("import.back")}
        </button>
        <button type="submit" class="button accent">
          {t("import.confirm", { count: preview.lines })}
        </button>
      </div>
    </form>
  );
}

const SHOWN = ["first_name", "last_name", "email", "phone", "company"] as const;

/** The first lines as contacts: whether the names came apart rightly shows here. */
function FirstContacts({ candidate: { preview, fresh } }: { candidate: Candidate }): JSX.Element | null {
  const { t } = useWords();
  if (!fresh || preview.contacts.length === 0) return null;
  const fields = SHOWN.filter((field) => preview.contacts.some((contact) => contact[field]?.trim()));
  return (
    <div class="import-first">
      <h4>{t("import.first")}</h4>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard */}
      <section class="import-scroll" aria-label={t("import.first")} tabIndex={0}>
        <table class="report">
          <thead>
            <tr>
              {fields.map((field) => (
                <th key={field} scope="col">
                  {t(`contact.${field}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {preview.contacts.map((contact, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
              <tr key={index}>
                {fields.map((field) => (
                  <td key={field} dir="auto">
                    {contact[field]}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function named(t: T): (header: string) => string {
  return (header) => header || t("import.noHeader");
}

function tellSeparator(separator: string, t: T): string {
  const names = { ",": "comma", ";": "semicolon", "\t": "tab" } as const;
  const known = names[separator as keyof typeof names];
  return known ? t(`settings.export.${known}`) : separator;
}

/** Why a file cannot be read is said in words of its own. */
function tellImportProblem(problem: Problem, t: T): string {
  const known = FAILURES.find((code) => code === problem.code);
  if (known) return t(`settings.import.failed.${known}`);
  return problem.status === 422 ? t("settings.import.failed") : tellProblem(problem, t);
}
