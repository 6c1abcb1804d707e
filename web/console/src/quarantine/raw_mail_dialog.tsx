import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../app/dialog";
import { useDesk } from "../desk";
import { tellSize } from "../files/file_text";
import { saveFile } from "../files/save_file";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";
import type { ReceivedMail } from "./quarantine";

/** As much (bytes) as somebody reads; the rest is in the file. */
const SHOWN = 64_000;

/** The mail as it came, as text and nothing but text. */
export function RawMailDialog({ mail, onClose }: { mail: ReceivedMail; onClose: () => void }): JSX.Element {
  const { t, locale } = useWords();
  const { quarantine } = useDesk();
  const [raw, setRaw] = useState<{ blob: Blob; text: string } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    let gone = false;
    const read = async () => {
      try {
        const blob = await quarantine.raw(mail);
        const text = await blob.slice(0, SHOWN).text();
        if (!gone) setRaw({ blob, text });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (!gone) setProblem(error);
      }
    };
    void read();
    return () => {
      gone = true;
    };
  }, [quarantine, mail]);
  return (
    <Dialog title={t("quarantine.rawTitle")} wide onClose={onClose}>
      <p class="form-problem" role="alert">
        {problem && (problem.status === 404 ? t("quarantine.rawMissing") : tellProblem(problem, t))}
      </p>
      <p role="status">
        {!raw && !problem && t("settings.loading")}
        {raw && raw.blob.size > SHOWN && t("quarantine.rawCut", { size: tellSize(SHOWN, locale) })}
      </p>
      {raw && (
        // A region that scrolls must be reachable by the keyboard.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
        <pre class="raw-mail" tabIndex={0}>
          {raw.text}
        </pre>
      )}
      <div class="dialog-actions">
        <button
          type="button"
          class="button"
          disabled={!raw}
          onClick={() => raw && saveFile(raw.blob, `${mail.id}.eml`)}
        >
          {t("file.download")}
        </button>
        <button type="button" class="button" onClick={onClose}>
          {t("app.close")}
        </button>
      </div>
    </Dialog>
  );
}
