import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { useListBox } from "../app/list_box";
import { Menu } from "../app/menu";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { findTemplates, type Template } from "./template";
import "./template_menu.css";

/** The pencil: the list of templates, filtered as one types. */
export function TemplateMenu({ onPick }: { onPick: (template: Template) => void }): JSX.Element {
  const { t } = useWords();
  return (
    <Menu
      role="dialog"
      label={t("templates.title")}
      buttonClass="button quiet square"
      button={<Icon name="template" />}
      shortcut="templates"
    >
      {(close) => (
        <TemplatePicker
          onPick={(template) => {
            close();
            onPick(template);
          }}
        />
      )}
    </Menu>
  );
}

function TemplatePicker({ onPick }: { onPick: (template: Template) => void }): JSX.Element {
  const { t } = useWords();
  const { templates } = useDesk();
  const [typed, setTyped] = useState("");
  useEffect(() => {
    void templates.load();
  }, [templates]);

  const known = templates.items.value;
  const found = findTemplates(known ?? [], typed);
  const box = useListBox({ label: t("templates.title"), items: found, onPick });
  return (
    <div class="template-picker">
      <input
        class="field"
        type="text"
        aria-label={t("templates.search")}
        placeholder={t("templates.search")}
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        {...box.field}
      />
      <div class="template-list" {...box.list}>
        {found.map((template, index) => (
          <div key={template.id} class="option" {...box.option(template, index)}>
            <span class="template-name">
              {template.name}
              {template.attachments.length > 0 && <Icon name="clip" />}
              <span class="hint">{template.language.toUpperCase()}</span>
            </span>
            <span class="template-body">{template.body}</span>
          </div>
        ))}
      </div>
      <p class="menu-heading" role="status">
        {known === null && (templates.problem.value ? t("templates.failed") : t("templates.loading"))}
        {known?.length === 0 && t("templates.none")}
        {known && known.length > 0 && found.length === 0 && t("templates.noMatch")}
      </p>
    </div>
  );
}
