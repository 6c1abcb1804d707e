import type { Agent } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../app/icons";
import { useShortcut } from "../app/keys";
import { Menu } from "../app/menu";
import { type Filters, isFiltered, NO_FILTERS, ORDERS } from "../app/route";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { useWords } from "../words/words";
import { CHANNELS, PRIORITIES, STATUSES } from "./request";

/** A pause this long (ms) in typing looks for what was typed. */
const PAUSE_MS = 200;

/** Everything that narrows the list down. It all combines, and stands in the address. */
export function FilterBar(): JSX.Element {
  const { t } = useWords();
  const { router } = useDesk();
  const route = router.route.value;
  const { channel, status, priority, reason_id, assignee_id, automatic } = route;
  const more = [priority, reason_id, assignee_id, automatic].filter((value) => value !== null).length;
  return (
    <div class="filters">
      <SearchBox />
      <div class="filter-line">
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
        <Menu
          role="dialog"
          label={more > 0 ? t("requests.filter.moreSet", { count: more }) : t("requests.filter.more")}
          buttonClass={more > 0 ? "button square" : "button quiet square"}
          button={more > 0 ? more : <Icon name="settings" />}
        >
          {() => <MoreFilters />}
        </Menu>
        {isFiltered(route) && (
          <button
            type="button"
            class="button quiet square"
            aria-label={t("requests.filter.clear")}
            title={t("requests.filter.clear")}
            onClick={() => router.go(NO_FILTERS)}
          >
            <Icon name="cross" />
          </button>
        )}
      </div>
      <ContactFilter />
    </div>
  );
}

function SearchBox(): JSX.Element {
  const { t } = useWords();
  const { router } = useDesk();
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useShortcut("search", () => field.current?.select());
  useEffect(() => () => clearTimeout(timer.current), []);
  const { q } = router.route.value;
  useEffect(() => {
    // Another address, or filters cleared; never under the hands of who is typing.
    if (field.current && field.current !== document.activeElement) field.current.value = q ?? "";
  }, [q]);
  const look = (delay: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      router.go({ q: field.current?.value.trim() || null }, "replace");
    }, delay);
  };
  return (
    <search>
      <form
        class="search-box"
        onSubmit={(event) => {
          event.preventDefault();
          look(0);
        }}
      >
        <Icon name="search" />
        <input
          ref={field}
          class="field"
          type="search"
          aria-label={t("requests.search")}
          placeholder={t("requests.search")}
          maxLength={200}
          onInput={() => look(PAUSE_MS)}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            // Some browsers would empty the field, and say nothing of it.
            event.preventDefault();
            event.currentTarget.blur();
          }}
        />
      </form>
    </search>
  );
}

/** Those that one needs now and then. */
function MoreFilters(): JSX.Element {
  const { t, locale } = useWords();
  const { router, reasons, agents: directory } = useDesk();
  const [agents, setAgents] = useState<Agent[]>([]);
  useEffect(() => {
    directory.list().then(setAgents, (error: unknown) => {
      // Without the directory there is nobody to choose; the other filters work.
      if (!(error instanceof Problem)) throw error;
    });
  }, [directory]);
  const { priority, reason_id, assignee_id, automatic, order } = router.route.value;
  return (
    <div class="more-filters">
      <Filter
        label={t("requests.filter.priority")}
        any={t("requests.filter.anyPriority")}
        options={PRIORITIES.map((known) => [known, t(`priority.${known}`)])}
        chosen={priority}
        onChoose={(chosen) => router.go({ priority: chosen })}
      />
      <Filter
        label={t("requests.filter.reason")}
        any={t("requests.filter.anyReason")}
        options={(reasons.items.value ?? []).map(({ id, label }) => [id, label[locale]])}
        chosen={reason_id}
        onChoose={(chosen) => router.go({ reason_id: chosen })}
      />
      <Filter
        label={t("requests.filter.assignee")}
        any={t("requests.filter.anyAssignee")}
        options={agents.map(({ id, name }) => [id, name])}
        chosen={assignee_id}
        onChoose={(chosen) => router.go({ assignee_id: chosen })}
      />
      <Filter
        label={t("requests.filter.automatic")}
        any={t("requests.filter.anyAutomatic")}
        options={[
          ["true", t("requests.filter.automatic.true")],
          ["false", t("requests.filter.automatic.false")],
        ]}
        chosen={automatic}
        onChoose={(chosen) => router.go({ automatic: chosen })}
      />
      <span class="select" data-set={order !== ORDERS[0]}>
        <select
          aria-label={t("requests.order")}
          value={order}
          onChange={({ currentTarget }) =>
            router.go({ order: ORDERS[currentTarget.selectedIndex] ?? ORDERS[0] })
          }
        >
          {ORDERS.map((known) => (
            <option key={known} value={known}>
              {t(`requests.order.${known}`)}
            </option>
          ))}
        </select>
        <Icon name="chevron" />
      </span>
    </div>
  );
}

/** The contact whose requests are shown; chosen on the card, and let go here. */
function ContactFilter(): JSX.Element | null {
  const { t } = useWords();
  const { router, requests } = useDesk();
  const { contact_id } = router.route.value;
  if (!contact_id) return null;
  const { contact } = requests.list.value.shown[0] ?? {};
  const name = contact?.name ?? t("requests.filter.oneContact");
  const label = t("requests.filter.dropContact", { name });
  return (
    <button
      type="button"
      class="button filter-contact"
      aria-label={label}
      title={label}
      onClick={() => router.go({ contact_id: null })}
    >
      <Icon name="person" />
      <span class="grow">{name}</span>
      <Icon name="cross" />
    </button>
  );
}

interface FilterProps<V> {
  label: string;
  any: string;
  options: [V, string][];
  chosen: V | null;
  onChoose: (value: V | null) => void;
}

function Filter<V extends Filters[keyof Filters] & string>({
  label,
  any,
  options,
  chosen,
  onChoose,
}: FilterProps<V>): JSX.Element {
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
