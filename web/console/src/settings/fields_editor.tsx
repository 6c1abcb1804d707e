import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { FIELD_KINDS, type FormField, linesOf, MOST_FIELDS } from "../forms/web_form";
import { useWords } from "../words/words";
import { ItemButton } from "./item_button";

const LONGEST_LABEL = 200;

interface FieldsEditorProps {
  fields: readonly FormField[];
  onChange: (fields: FormField[]) => void;
}

/** What a form asks beside what all forms ask: add, change, put in order, remove. */
export function FieldsEditor({ fields, onChange }: FieldsEditorProps): JSX.Element {
  const { t } = useWords();
  const list = useRef<HTMLFieldSetElement>(null);
  // A field has no id of its own, and a new one not even a name: what is drawn stays with its field by these.
  const [keys, setKeys] = useState(() => fields.map(() => crypto.randomUUID()));
  const change = (index: number, changed: Partial<FormField>) =>
    onChange(fields.map((field, at) => (at === index ? { ...field, ...changed } : field)));
  const move = (index: number, step: -1 | 1) => {
    onChange(moved(fields, index, step));
    setKeys(moved(keys, index, step));
  };
  const remove = (index: number) => {
    onChange(fields.filter((_, at) => at !== index));
    setKeys(keys.filter((_, at) => at !== index));
    list.current?.querySelector<HTMLElement>("[data-add]")?.focus();
  };
  const add = () => {
    onChange([...fields, { name: "", kind: "text", label: "", required: false, options: [] }]);
    setKeys([...keys, crypto.randomUUID()]);
    requestAnimationFrame(() =>
      list.current?.querySelector<HTMLElement>(".form-fields > li:last-child input")?.focus(),
    );
  };
  return (
    <fieldset class="fields-editor" ref={list}>
      <legend>{t("forms.fields")}</legend>
      <p class="card-hint">{t("forms.fields.always")}</p>
      {fields.length > 0 && (
        <ol class="form-fields">
          {fields.map((field, index) => (
            <li key={keys[index]}>
              <FieldEditor field={field} onChange={(changed) => change(index, changed)} />
              <div class="field-actions">
                <ItemButton
                  icon="up"
                  label={t("settings.up", { name: field.label })}
                  disabled={index === 0}
                  onClick={() => move(index, -1)}
                />
                <ItemButton
                  icon="down"
                  label={t("settings.down", { name: field.label })}
                  disabled={index === fields.length - 1}
                  onClick={() => move(index, 1)}
                />
                <ItemButton
                  icon="bin"
                  label={t("settings.delete", { name: field.label })}
                  onClick={() => remove(index)}
                />
              </div>
            </li>
          ))}
        </ol>
      )}
      <button type="button" class="button" data-add disabled={fields.length >= MOST_FIELDS} onClick={add}>
        <Icon name="plus" />
        {t("forms.fields.add")}
      </button>
    </fieldset>
  );
}

interface FieldEditorProps {
  field: FormField;
  onChange: (changed: Partial<FormField>) => void;
}

function FieldEditor({ field, onChange }: FieldEditorProps): JSX.Element {
  const { t } = useWords();
  const [options, setOptions] = useState(field.options.join("\n"));
  return (
    <div class="field-editor">
      <label class="form-field">
        {t("forms.field.label")}
        <input
          class="field"
          required
          maxLength={LONGEST_LABEL}
          value={field.label}
          onInput={({ currentTarget }) => onChange({ label: currentTarget.value })}
        />
      </label>
      <label class="form-field">
        {t("forms.field.kind")}
        <select
          class="field"
          value={field.kind}
          onChange={({ currentTarget }) => {
            const kind = FIELD_KINDS[currentTarget.selectedIndex] ?? "text";
            onChange({ kind, options: kind === "select" ? linesOf(options) : [] });
          }}
        >
          {FIELD_KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`forms.kind.${kind}`)}
            </option>
          ))}
        </select>
      </label>
      {field.kind === "select" && (
        <label class="form-field field-options">
          {t("forms.field.options")}
          <textarea
            class="field"
            rows={3}
            required
            value={options}
            onInput={({ currentTarget }) => {
              setOptions(currentTarget.value);
              onChange({ options: linesOf(currentTarget.value) });
            }}
          />
        </label>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={field.required}
          onChange={({ currentTarget }) => onChange({ required: currentTarget.checked })}
        />
        {t("forms.field.required")}
      </label>
    </div>
  );
}

function moved<T>(list: readonly T[], index: number, step: -1 | 1): T[] {
  const order = [...list];
  order.splice(index + step, 0, ...order.splice(index, 1));
  return order;
}
