import type { JSX } from "preact";
import { useDesk } from "../desk";
import { settingsFor } from "../settings/pages";
import { useWords } from "../words/words";
import { Icon, type IconName } from "./icons";
import { Link } from "./link";
import type { Route } from "./route";
import "./rail.css";

/** The places of the console. Each keeps what was open in it. */
export function Rail(): JSX.Element {
  const { t } = useWords();
  const { agent, router } = useDesk();
  const { contacts, settings } = router.route.value;
  const [page] = settingsFor(agent);
  const places: [IconName, "requests" | "contacts" | "settings", Partial<Route>, boolean][] = [
    ["requests", "requests", { contacts: false, settings: null }, !contacts && !settings],
    ["contacts", "contacts", { contacts: true, settings: null }, contacts && !settings],
  ];
  if (page) places.push(["settings", "settings", { settings: settings ?? page }, settings !== null]);
  return (
    <nav class="rail" aria-label={t("places.title")}>
      {places.map(([icon, name, to, here]) => (
        <Link
          key={name}
          to={to}
          class="rail-link"
          aria-current={here ? "page" : undefined}
          title={t(`places.${name}`)}
        >
          <Icon name={icon} />
          <span class="rail-name">{t(`places.${name}`)}</span>
        </Link>
      ))}
    </nav>
  );
}
