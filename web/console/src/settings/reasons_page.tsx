import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useDesk } from "../desk";
import type { Reason } from "../reasons/reason";
import { useWords } from "../words/words";
import { KeptForm } from "./kept_form";
import { KeptList } from "./kept_list";

export function ReasonsPage(): JSX.Element {
  const { t, locale } = useWords();
  const { reasons } = useDesk();
  return (
    <>
      <p>{t("settings.reasons.explain")}</p>
      <KeptList
        catalogue={reasons}
        name={({ label }) => label[locale]}
        about={({ label, active }) => (
          <span class="kept-about">
            {locale === "fr" ? label.en : label.fr}
            {!active && ` · ${t("settings.reasons.inactive")}`}
          </span>
        )}
        empty={t("settings.reasons.empty")}
        add={t("settings.reasons.add")}
        form={(reason, close) => <ReasonForm reason={reason} onDone={close} />}
      />
    </>
  );
}

function ReasonForm({ reason, onDone }: { reason: Reason | null; onDone: () => void }): JSX.Element {
  const { t } = useWords();
  const { reasons } = useDesk();
  const [label, setLabel] = useState(reason?.label ?? { fr: "", en: "" });
  const [active, setActive] = useState(reason?.active ?? true);
  const [id] = useState(() => crypto.randomUUID());
  const save = () =>
    reason ? reasons.change(reason, { label, active }) : reasons.add({ id, label, active });
  return (
    <KeptForm label={t("settings.reasons.add")} save={save} onDone={onDone}>
      {(["fr", "en"] as const).map((language) => (
        <label key={language} class="form-field">
          {t(`settings.reasons.${language}`)}
          <input
            class="field"
            required
            maxLength={200}
            value={label[language]}
            onInput={({ currentTarget }) => setLabel({ ...label, [language]: currentTarget.value })}
          />
        </label>
      ))}
      <label class="check">
        <input
          type="checkbox"
          checked={active}
          onChange={({ currentTarget }) => setActive(currentTarget.checked)}
        />
        {t("settings.reasons.active")}
      </label>
    </KeptForm>
  );
}
