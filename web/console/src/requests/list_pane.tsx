import type { ComponentChildren, JSX } from "preact";
import logo from "../app/guichet.svg";
import { Icon } from "../app/icons";
import { Link } from "../app/link";
import { VIEWS } from "../app/route";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { CHANNELS, STATUSES } from "./request";
import { RequestRows } from "./request_rows";
import "./list_pane.css";

interface ListPaneProps {
  menu: ComponentChildren;
  onCollapse: () => void;
}

export function ListPane({ menu, onCollapse }: ListPaneProps): JSX.Element {
  const { t } = useWords();
  return (
    <section class="pane list-pane" aria-labelledby="list-title">
      <header class="pane-bar">
        <img src={logo} alt="" width="20" height="20" />
        <h1 id="list-title" class="grow">
          {t("requests.title")}
        </h1>
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
      <Filters />
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

function Filters(): JSX.Element {
  const { t } = useWords();
  const { router } = useDesk();
  const { channel, status } = router.route.value;
  return (
    <div class="filters">
      <Filter
        label={t("requests.filter.channel")}
        any={t("requests.filter.anyChannel")}
        options={CHANNELS.map((known) => [known, t(`channel.${known}`)])}
        chosen={channel}
        onChoose={(chosen) => router.go({ channel: chosen })}
      />
      <Filter
        label={t("requests.filter.status")}
        any={t("requests.filter.anyStatus")}
        options={STATUSES.map((known) => [known, t(`status.${known}`)])}
        chosen={status}
        onChoose={(chosen) => router.go({ status: chosen })}
      />
      {(channel || status) && (
        <button
          type="button"
          class="button quiet square"
          aria-label={t("requests.filter.clear")}
          title={t("requests.filter.clear")}
          onClick={() => router.go({ channel: null, status: null })}
        >
          <Icon name="cross" />
        </button>
      )}
    </div>
  );
}

interface FilterProps<V> {
  label: string;
  any: string;
  options: [V, string][];
  chosen: V | null;
  onChoose: (value: V | null) => void;
}

function Filter<V extends string>({ label, any, options, chosen, onChoose }: FilterProps<V>): JSX.Element {
  return (
    <span class="select" data-set={chosen !== null}>
      <select
        aria-label={label}
        value={chosen ?? ""}
        onChange={({ currentTarget }) => onChoose(options[currentTarget.selectedIndex - 1]?.[0] ?? null)}
      >
        <option value="">{any}</option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <Icon name="chevron" />
    </span>
  );
}
