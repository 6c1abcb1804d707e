import type { ComponentChildren, JSX } from "preact";
import logo from "../app/guichet.svg";
import { Icon } from "../app/icons";
import { Link } from "../app/link";
import { VIEWS, type View } from "../app/route";
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
  const { t } = useWords();
  const { router, requests } = useDesk();
  const counts: Partial<Record<View, number>> | null = requests.counts.value;
  return (
    <nav class="views" aria-label={t("requests.views")}>
      {VIEWS.map((view) => (
        <div key={view} class="view">
          <Link
            to={{ view }}
            class="view-link"
            aria-describedby={counts?.[view] === undefined ? undefined : `count-${view}`}
            aria-current={router.route.value.view === view ? "page" : undefined}
          >
            {t(`requests.view.${view}`)}
          </Link>
          <Count view={view} count={counts?.[view]} />
        </div>
      ))}
    </nav>
  );
}

/** Nothing where it is not counted. */
function Count({ view, count }: { view: View; count: number | undefined }): JSX.Element | null {
  const { t, locale } = useWords();
  if (count === undefined) return null;
  return (
    <span class="view-count">
      <span aria-hidden="true">{count.toLocaleString(locale)}</span>
      <span class="hidden" id={`count-${view}`}>
        {t("requests.count", { count })}
      </span>
    </span>
  );
}
