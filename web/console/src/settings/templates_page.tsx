import { LOCALES } from "@guichet/shared/i18n";
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { LANGUAGE_NAMES } from "../app/user_menu";
import { useDesk } from "../desk";
import { FileButton } from "../files/file_button";
import { FileList } from "../files/file_list";
import { FileChip, PendingList } from "../files/pending_list";
import { PLACEHOLDERS, tellPlaceholder } from "../templates/placeholders";
import type { Template } from "../templates/template";
import { useWords } from "../words/words";
import { KeptForm } from "./kept_form";
import { KeptList } from "./kept_list";

/** As the service has them. */
const LONGEST_NAME = 200;
const LONGEST_BODY = 10_000;

export function TemplatesPage(): JSX.Element {
  const { t } = useWords();
  const { templates } = useDesk();
  return (
    <>
      <p>{t("settings.templates.explain")}</p>
      <KeptList
        catalogue={templates}
        name={({ name }) => name}
        about={({ language, body, attachments }) => (
          <>
            <span class="kept-about">
              {LANGUAGE_NAMES[language]} · {body}
            </span>
            {attachments.length > 0 && <FileList files={attachments} />}
          </>
        )}
        empty={t("settings.templates.empty")}
        add={t("settings.templates.add")}
        form={(template, close) => <TemplateForm template={template} onDone={close} />}
      />
    </>
  );
}

function TemplateForm({ template, onDone }: { template: Template | null; onDone: () => void }): JSX.Element {
  const { t, locale } = useWords();
  const { templates, uploads } = useDesk();
  const [id] = useState(() => template?.id ?? crypto.randomUUID());
  const [name, setName] = useState(template?.name ?? "");
  const [language, setLanguage] = useState(template?.language ?? locale);
  const [body, setBody] = useState(template?.body ?? "");
  const text = useRef<HTMLTextAreaElement>(null);

  const [kept, setKept] = useState(template?.attachments ?? []);

  const scope = `template:${id}`;
  const files = uploads.of(scope).value;
  const insert = (placeholder: string) => {
    const field = text.current;
    if (!field) return;
    field.focus();
    field.setRangeText(`{{${placeholder}}}`, field.selectionStart, field.selectionEnd, "end");
    setBody(field.value);
  };
  const save = async () => {
    const receipts = files.flatMap(({ receipt }) => receipt ?? []);
    const said = { name: name.trim(), language, body, ...(receipts.length > 0 && { receipts }) };
    const attachment_ids = kept.map((file) => file.id);
    await (template
      ? templates.change(template, { ...said, attachment_ids })
      : templates.add({ id, ...said }));
    uploads.take(scope);
  };
  return (
    <KeptForm
      label={template?.name ?? t("settings.templates.add")}
      save={save}
      disabled={files.some(({ state }) => state !== "ready")}
      onDone={onDone}
    >
      <label class="form-field">
        {t("settings.templates.name")}
        <input
          class="field"
          required
          maxLength={LONGEST_NAME}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <label class="form-field">
        {t("settings.templates.language")}
        <select
          class="field"
          value={language}
          onChange={({ currentTarget }) => setLanguage(LOCALES[currentTarget.selectedIndex] ?? locale)}
        >
          {LOCALES.map((known) => (
            <option key={known} value={known}>
              {LANGUAGE_NAMES[known]}
            </option>
          ))}
        </select>
      </label>
      <label class="form-field">
        {t("settings.templates.body")}
        <textarea
          ref={text}
          class="field"
          rows={8}
          required
          maxLength={LONGEST_BODY}
          value={body}
          onInput={({ currentTarget }) => setBody(currentTarget.value)}
        />
      </label>
      <fieldset class="placeholders">
        <legend>{t("settings.templates.placeholders")}</legend>
        {PLACEHOLDERS.map((placeholder) => (
          <button key={placeholder} type="button" class="button" onClick={() => insert(placeholder)}>
            {tellPlaceholder(placeholder, t)}
          </button>
        ))}
      </fieldset>
      <div class="template-files">
        {kept.length > 0 && (
          <ul class="pending-files" aria-label={t("settings.templates.files")}>
            {kept.map((file) => (
              <FileChip
                key={file.id}
                file={{ ...file, state: "ready", progress: 1, receipt: null, problem: null }}
                onRemove={() => setKept(kept.filter(({ id }) => id !== file.id))}
              />
            ))}
          </ul>
        )}
        <PendingList scope={scope} />
        <FileButton label={t("file.attach")} onFiles={(chosen) => uploads.add(scope, chosen)}>
          {t("file.attach")}
        </FileButton>
      </div>
    </KeptForm>
  );
}
