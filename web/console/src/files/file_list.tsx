import { couldRun } from "@guichet/shared/file_texts";
import type { Attachment } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { useWords } from "../words/words";
import { tellFileProblem, tellSize } from "./file_text";
import { saveFile } from "./save_file";
import "./files.css";

/** Images that `attachments` makes a preview of. */
const PREVIEWED = ["image/gif", "image/jpeg", "image/png", "image/webp"];

/** The files of a message: name and size, a preview of images; a click saves the file. */
export function FileList({ files }: { files: readonly Attachment[] }): JSX.Element {
  return (
    <ul class="files">
      {files.map((file) => (
        <li key={file.id}>
          <FileEntry file={file} />
        </li>
      ))}
    </ul>
  );
}

function FileEntry({ file }: { file: Attachment }): JSX.Element {
  const { t, locale } = useWords();
  const { api, asker, toasts } = useDesk();
  const [busy, setBusy] = useState(false);
  const preview = usePreview(file);
  const size = tellSize(file.size, locale);

  const runs = couldRun(file);

  const save = async () => {
    const question = {
      title: t("file.couldRun.title", { name: file.name }),
      text: t("file.couldRun.ask"),
      yes: t("file.couldRun.yes"),
      no: t("app.cancel"),
    };
    if (runs && !(await asker.ask(question))) return;
    setBusy(true);
    try {
      saveFile(await api.blob(`/api/v1/attachments/${file.id}`), file.name);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(t("file.notSaved", { name: file.name, problem: tellFileProblem(error, t) }));
    }
    setBusy(false);
  };
  return (
    <button type="button" class="file" title={t("file.download")} disabled={busy} onClick={save}>
      {PREVIEWED.includes(file.media_type) &&
        (preview ? <img class="file-preview" src={preview} alt="" /> : <span class="file-preview" />)}
      <span class="file-line">
        <Icon name={busy ? "reload" : runs ? "warning" : "file"} />
        <span class="hidden">{t("file.download")}</span>
        <span class="file-name">{file.name}</span>
        <span class="file-size">{size}</span>
      </span>
      {runs && <span class="file-warning">{t("file.couldRun")}</span>}
    </button>
  );
}

/** An address of the image's preview, as long as it is shown; null where there is none. */
function usePreview({ id, media_type }: Attachment): string | null {
  const { api } = useDesk();
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (!PREVIEWED.includes(media_type)) return;
    let made: string | null = null;
    let gone = false;
    api.blob(`/api/v1/attachments/${id}/preview`).then(
      (blob) => {
        if (gone) return;
        made = URL.createObjectURL(blob);
        setAddress(made);
      },
      (error: unknown) => {
        // Without its preview the file is there all the same, by its name.
        if (!(error instanceof Problem)) throw error;
      },
    );
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [api, id, media_type]);
  return address;
}
