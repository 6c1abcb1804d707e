import type { JSX } from "preact";
import { Icon } from "../app/icons";
import { LANGUAGE_NAMES } from "../app/user_menu";
import { useDesk } from "../desk";
import { pageOf, snippetOf, type WebForm } from "../forms/web_form";
import { useWords } from "../words/words";
import { FormEditor } from "./form_editor";
import { KeptList } from "./kept_list";
import "./forms_page.css";

/** The forms that customers fill in. */
export function FormsPage(): JSX.Element {
  const { t } = useWords();
  const { forms } = useDesk();
  return (
    <>
      <p>{t("forms.explain")}</p>
      <KeptList
        catalogue={forms}
        name={({ name }) => name}
        about={(form) => <AboutForm form={form} />}
        empty={t("forms.empty")}
        add={t("forms.add")}
        form={(form, close) => <FormEditor form={form} onDone={close} />}
      />
    </>
  );
}

function AboutForm({ form }: { form: WebForm }): JSX.Element {
  const { t } = useWords();
  const { toasts } = useDesk();
  const page = pageOf(form, location.origin);
  const snippet = snippetOf(form, location.origin);
  return (
    <>
      <span class="kept-about">
        {LANGUAGE_NAMES[form.language]} · {t("forms.fields.count", { count: form.fields.length })}
        {!form.active && ` · ${t("forms.inactive")}`}
      </span>
      {form.active && (
        <a class="form-page" href={page} target="_blank" rel="noreferrer">
          {page}
        </a>
      )}
      <details class="form-embed">
        <summary>{t("forms.embed")}</summary>
        <p>{t(form.origins.length > 0 ? "forms.embed.explain" : "forms.embed.nowhere")}</p>
        <code>{snippet}</code>
        <button
          type="button"
          class="button"
          onClick={async () => {
            await navigator.clipboard.writeText(snippet);
            toasts.done(t("forms.copied"));
          }}
        >
          <Icon name="file" />
          {t("forms.copy")}
        </button>
      </details>
    </>
  );
}
