import type { ItemFile } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { isManager } from "../agents/agent";
import { Icon } from "../app/icons";
import { useDesk } from "../desk";
import { saveFile } from "../files/save_file";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import { tellFileState } from "./email_text";

/** A file of a mail that is not there, and why. Who may take the responsibility can get a refused one all the same. */
export function AbsentFile({ file, mailId }: { file: ItemFile; mailId: string | null }): JSX.Element {
  const { t } = useWords();
  const { agent } = useDesk();
  const there = file.state === "refused" && file.size > 0 && mailId !== null;
  return (
    <li>
      <Icon name="file" />
      <span>
        <b>
          <bdi>{file.name}</bdi>
        </b>{" "}
        {tellFileState(file, t)}
        {there && isManager(agent) && <Get file={file} mailId={mailId} />}
      </span>
    </li>
  );
}

function Get({ file, mailId }: { file: ItemFile; mailId: string }): JSX.Element {
  const { t } = useWords();
  const { api, asker, toasts } = useDesk();
  const [busy, setBusy] = useState(false);
  const get = async () => {
    const yes = await asker.ask({
      title: t("file.couldRun.title", { name: file.name }),
      text: t("email.file.get.ask"),
      yes: t("file.couldRun.yes"),
      no: t("app.cancel"),
    });
    if (!yes) return;
    setBusy(true);
    try {
      saveFile(await api.blob(`/api/v1/mail/received/${mailId}/files/${file.id}`), file.name);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const problem = error.status === 404 ? t("email.file.gone") : tellProblem(error, t);
      toasts.failed(t("file.notSaved", { name: file.name, problem }));
    }
    setBusy(false);
  };
  return (
    <>
      {" "}
      <button
        type="button"
        class="link-button"
        aria-label={t("email.file.getOf", { name: file.name })}
        disabled={busy}
        onClick={() => void get()}
      >
        {t("email.file.get")}
      </button>
    </>
  );
}
