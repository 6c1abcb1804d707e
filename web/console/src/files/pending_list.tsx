import type { JSX } from "preact";
import { Icon } from "../app/icons";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { mayRetry, tellFileProblem, tellSize } from "./file_text";
import type { PendingFile } from "./uploads";
import "./files.css";

/** The files that will go with the message: how far each is, and a way to stop it or to try again. */
export function PendingList({ scope }: { scope: string }): JSX.Element | null {
  const { t } = useWords();
  const { uploads } = useDesk();
  const files = uploads.of(scope).value;
  if (files.length === 0) return null;
  return (
    <ul class="pending-files" aria-label={t("file.attached")}>
      {files.map((file) => (
        <FileChip
          key={file.id}
          file={file}
          onRetry={() => uploads.retry(scope, file.id)}
          onRemove={() => uploads.remove(scope, file.id)}
        />
      ))}
    </ul>
  );
}

interface FileChipProps {
  file: PendingFile;
  onRetry?: () => void;
  onRemove: () => void;
}

/** One file, as an entry of a list. */

export function FileChip({ file, onRetry, onRemove }: FileChipProps): JSX.Element {
  const { t, locale } = useWords();
  const { name, size, state, progress, problem } = file;
  const onItsWay = state === "waiting" || state === "uploading";
  const remove = t(onItsWay ? "file.cancel" : "file.remove", { name });
  const retry = t("file.retry", { name });
  return (
    <li class="pending-file" data-state={state}>
      <span class="file-line">
        <Icon name={state === "ready" ? "check" : "file"} />
        <span class="file-name">{name}</span>
        <span class="file-size">{tellSize(size, locale)}</span>
        {problem && onRetry && mayRetry(problem) && (
          <button
            type="button"
            class="button quiet square"
            aria-label={retry}
            title={retry}
            onClick={onRetry}
          >
            <Icon name="reload" />
          </button>
        )}
        <button
          type="button"
          class="button quiet square"
          aria-label={remove}
          title={remove}
          onClick={onRemove}
        >
          <Icon name="cross" />
        </button>
      </span>
      {onItsWay && <progress aria-label={t("file.progress", { name })} value={progress} />}
      <span class="file-state" role="status">
        {state === "checking" && t("file.checking")}
        {problem && tellFileProblem(problem, t)}
      </span>
    </li>
  );
}
