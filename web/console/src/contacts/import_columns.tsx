import type { JSX } from "preact";
import { useWords } from "../words/words";
import type { Candidate } from "./import";
import { type Choice, COLUMN_FIELDS } from "./mapping";

interface ImportColumnsProps {
  candidate: Candidate;
  /** Whether the agent wanted to go on: what is still open is marked. */
  asked: boolean;
  onMap: (column: number, choice: Choice) => void;
}

/** Each column of the file, what is in it, and what it is. */
export function ImportColumns({ candidate, asked, onMap }: ImportColumnsProps): JSX.Element {
  const { t } = useWords();
  const { preview, choices } = candidate;
  return (
    <table class="import-columns">
      <thead>
        <tr>
          <th scope="col">{t("import.column")}</th>
          <th scope="col">{t("import.samples")}</th>
          <th scope="col">{t("import.field")}</th>
        </tr>
      </thead>
      <tbody>
        {preview.columns.map(({ header, samples }, index) => {
          const choice = choices[index] ?? "left-out";
          const name = header || t("import.noHeader");
          const unclear = preview.unclear.includes(header);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have one name
            <tr key={index} data-left-out={choice === "left-out"}>
              <th scope="row">
                <bdi>{name}</bdi>
              </th>
              <td dir="auto" class="import-samples">
                {samples.length > 0 ? (
                  samples.join(" · ")
                ) : (
                  <span class="faint-text">{t("import.empty")}</span>
                )}
              </td>
              <td>
                <select
                  class="field"
                  aria-label={t("import.fieldOf", { column: name })}
                  aria-invalid={asked && choice === "open"}
                  aria-describedby={unclear ? `unclear-${index}` : undefined}
                  value={choice}
                  onChange={({ currentTarget }) => onMap(index, currentTarget.value as Choice)}
                >
                  {unclear && (
                    <option value="open" disabled>
                      {t("import.open")}
                    </option>
                  )}
                  <option value="left-out">{t("import.leave")}</option>
                  {COLUMN_FIELDS.map((field) => (
                    <option key={field} value={field}>
                      {t(`import.field.${field}`)}
                    </option>
                  ))}
                </select>
                {unclear && (
                  <span id={`unclear-${index}`} class="hint">
                    {t("import.unclear")}
                  </span>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
