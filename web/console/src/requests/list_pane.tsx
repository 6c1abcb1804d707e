import type { ComponentChildren, JSX } from "preact";
import logo from "../app/guichet.svg";
import { Icon } from "../app/icons";
import { Link } from "../app/link";
import { VIEWS } from "../app/route";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { FilterBar } from "./filters";
import { RequestRows } from "./request_rows";
import "./list_pane.css";

interface ListPaneProps {
  menu: ComponentChildren;
  /** Whether nothing else is on the screen: then it is what the page is about. */
  alone: boolean;
  onCreate: () => void;
  onCollapse: () => void;
}

export function ListPane({ menu, alone, onCreate, onCollapse }: ListPaneProps): JSX.Element {
  const { t } = useWords();
  return (
    <section class="pane list-pane" role={alone ? "main" : undefined} aria-labelledby="list-title">
      <header class="pane-bar">
        <img src={logo} alt="" width="20" height="20" />
        <h1 id="list-title" class="grow">
          {t("requests.title")}
        </h1>
        <button
          type="button"
          class="button"
          aria-label={t("new.title")}
          title={t("new.title")}
          onClick={onCreate}
        >
          <Icon name="plus" />
          {t("new.short")}
        </button>
        <button
          type="button"
          class="button quiet square only-wide"
          aria-label={t("requests.collapse")}
          title={t("requests.collapse")}
          onClick={onCollapse}
        >
          <Icon name="list" />
        </button>
        {menu}
      </header>
      <Views />
      <FilterBar />
      <RequestRows />
    </section>
  );
}

function Views(): JSX.Element {
  const { t, locale } = useWords();
  const { router, requests } = useDesk();
  const counts = requests.counts.value;
  return (
    <nav class="views" aria-label={t("requests.views")}>
      {VIEWS.map((view) => (
        <div key={view} class="view">
          <Link
            to={{ view }}
            class="view-link"
            aria-describedby={counts ? `count-${view}` : undefined}
            aria-current={router.route.value.view === view ? "page" : undefined}
          >
            {t(`requests.view.${view}`)}
          </Link>
          {counts && (
            <span class="view-count">
              <span aria-hidden="true">{counts[view].toLocaleString(locale)}</span>
              <span class="hidden" id={`count-${view}`}>
                {t("requests.count", { count: counts[view] })}
              </span>
            </span>
          )}
        </div>
      ))}
    </nav>
  );
}
