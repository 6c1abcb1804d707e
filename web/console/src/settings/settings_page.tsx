import type { ComponentChildren, JSX } from "preact";
import { Icon } from "../app/icons";
import { Link } from "../app/link";
import type { SettingsPage as Page } from "../app/route";
import { AuditPage } from "../audit/audit_page";
import { useDesk } from "../desk";
import { QuarantineBadge } from "../quarantine/quarantine_badge";
import { QuarantinePage } from "../quarantine/quarantine_page";
import { useWords } from "../words/words";
import { ContactsPage } from "./contacts_page";
import { FormsPage } from "./forms_page";
import { isForSupervisors, settingsFor } from "./pages";
import { ReasonsPage } from "./reasons_page";
import { TemplatesPage } from "./templates_page";
import "./settings.css";

const PAGES = {
  templates: TemplatesPage,
  reasons: ReasonsPage,
  forms: FormsPage,
  contacts: ContactsPage,
  quarantine: QuarantinePage,
  audit: AuditPage,
};

/** What administrators and supervisors keep; in the place of the requests. */
export function SettingsPage({ page, menu }: { page: Page; menu: ComponentChildren }): JSX.Element {
  const { t } = useWords();
  const { agent } = useDesk();
  const pages = settingsFor(agent);
  const Content = PAGES[page];
  return (
    <div class="settings">
      <header class="pane-bar settings-bar">
        <Link
          to={{ settings: null }}
          class="button quiet square"
          aria-label={t("settings.back")}
          title={t("settings.back")}
        >
          <Icon name="back" />
        </Link>
        <h1 class="grow">{t("settings.title")}</h1>
        {menu}
      </header>
      <nav class="settings-nav" aria-label={t("settings.title")}>
        {pages.map((known) => (
          <Link
            key={known}
            to={{ settings: known }}
            class="view-link"
            aria-current={known === page ? "page" : undefined}
          >
            {t(`settings.${known}`)}
            {known === "quarantine" && <QuarantineBadge />}
          </Link>
        ))}
      </nav>
      <main class="settings-main">
        <div class="settings-content">
          <h2>{t(`settings.${page}`)}</h2>
          {pages.includes(page) ? (
            <Content />
          ) : (
            <p>{t(isForSupervisors(page) ? "settings.forbidden.supervisors" : "settings.forbidden")}</p>
          )}
        </div>
      </main>
    </div>
  );
}
