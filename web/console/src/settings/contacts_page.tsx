import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ImportScreen } from "../contacts/import_screen";
import { useDesk } from "../desk";
import { saveFile } from "../files/save_file";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";

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
  return (
    <section class="settings-section">
      <h3>{t("settings.import")}</h3>
      <ImportScreen />
    </section>
  );
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
