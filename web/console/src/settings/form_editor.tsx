import { LOCALES } from "@guichet/shared/i18n";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { PriorityMark } from "../app/icons";
import { Segments } from "../app/segments";
import { LANGUAGE_NAMES } from "../app/user_menu";
import { useDesk } from "../desk";
import {
  KEY_PATTERN,
  keyFor,
  NO_FORM,
  named,
  originsOf,
  type WebForm,
  type WebFormFields,
} from "../forms/web_form";
import { choices } from "../reasons/reason";
import { PRIORITIES } from "../requests/request";
import { useWords } from "../words/words";
import { FieldsEditor } from "./fields_editor";
import { KeptForm } from "./kept_form";

const LONGEST_NAME = 200;

/** Makes a form, or changes one. */
export function FormEditor({ form, onDone }: { form: WebForm | null; onDone: () => void }): JSX.Element {
  const { t, locale } = useWords();
  const { forms, reasons } = useDesk();
  const [id] = useState(() => crypto.randomUUID());
  const [said, setSaid] = useState<WebFormFields>(() =>
    form ? fieldsOf(form) : { ...NO_FORM, language: locale },
  );
  const [origins, setOrigins] = useState(said.origins.join("\n"));
  const set = (change: Partial<WebFormFields>) => setSaid({ ...said, ...change });
  const save = () => {
    const whole = { ...said, fields: named(said.fields), origins: originsOf(origins).origins };
    return form ? forms.change(form, whole) : forms.add({ id, ...whole });
  };
  return (
    <KeptForm label={form?.name ?? t("forms.add")} save={save} onDone={onDone}>
      <label class="form-field">
        {t("forms.name")}
        <input
          class="field"
          required
          maxLength={LONGEST_NAME}
          value={said.name}
          onInput={({ currentTarget: { value } }) => {
            // The key follows the name until somebody chose one, or pages may have it.
            const follows = !form && said.key === keyFor(said.name);
            set({ name: value, ...(follows && { key: keyFor(value) }) });
          }}
        />
      </label>
      <label class="form-field">
        {t("forms.key")}
        <input
          class="field"
          required
          pattern={KEY_PATTERN}
          title={t("forms.key.hint")}
          value={said.key}
          onInput={({ currentTarget }) => set({ key: currentTarget.value })}
        />
        <span class="card-hint">{t(form ? "forms.key.change" : "forms.key.hint")}</span>
      </label>
      <label class="form-field">
        {t("settings.templates.language")}
        <select
          class="field"
          value={said.language}
          onChange={({ currentTarget }) => set({ language: LOCALES[currentTarget.selectedIndex] ?? locale })}
        >
          {LOCALES.map((known) => (
            <option key={known} value={known}>
              {LANGUAGE_NAMES[known]}
            </option>
          ))}
        </select>
      </label>
      <FieldsEditor fields={said.fields} onChange={(fields) => set({ fields })} />
      <label class="form-field">
        {t("forms.origins")}
        <textarea
          class="field"
          rows={2}
          placeholder="https://www.example.com"
          value={origins}
          onInput={({ currentTarget }) => {
            setOrigins(currentTarget.value);
            const { wrong } = originsOf(currentTarget.value);
            currentTarget.setCustomValidity(wrong[0] ? t("forms.origins.wrong", { origin: wrong[0] }) : "");
          }}
        />
        <span class="card-hint">{t("forms.origins.hint")}</span>
      </label>
      <label class="form-field">
        {t("card.reason")}
        <select
          class="field"
          value={said.reason_id ?? ""}
          onChange={({ currentTarget }) => set({ reason_id: currentTarget.value || null })}
        >
          <option value="">{t("card.reason.none")}</option>
          {choices(reasons.items.value ?? [], said.reason_id).map((reason) => (
            <option key={reason.id} value={reason.id}>
              {reason.label[locale]}
            </option>
          ))}
        </select>
      </label>
      <Segments
        name={t("card.priority")}
        options={PRIORITIES.map((priority) => [
          priority,
          t(`priority.${priority}`),
          <PriorityMark key={priority} priority={priority} />,
        ])}
        chosen={said.priority}
        onChoose={(priority) => set({ priority })}
      />
      <ColorField color={said.color} onChange={(color) => set({ color })} />
      <label class="check">
        <input
          type="checkbox"
          checked={said.confirmation}
          onChange={({ currentTarget }) => set({ confirmation: currentTarget.checked })}
        />
        {t("forms.confirmation")}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={said.active}
          onChange={({ currentTarget }) => set({ active: currentTarget.checked })}
        />
        {t("forms.active")}
      </label>
    </KeptForm>
  );
}

/** What the form begins with where it is given a colour of its own. */
const FIRST_COLOR = "#1f4d3a";

interface ColorFieldProps {
  color: string | null;
  onChange: (color: string | null) => void;
}

function ColorField({ color, onChange }: ColorFieldProps): JSX.Element {
  const { t } = useWords();
  return (
    <div class="check">
      <label class="check">
        <input
          type="checkbox"
          checked={color !== null}
          onChange={({ currentTarget }) => onChange(currentTarget.checked ? FIRST_COLOR : null)}
        />
        {t("forms.color")}
      </label>
      {color !== null && (
        <input
          type="color"
          aria-label={t("forms.color")}
          value={color}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )}
    </div>
  );
}

function fieldsOf({ id, position, version, ...fields }: WebForm): WebFormFields {
  return fields;
}
