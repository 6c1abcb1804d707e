import type { JSX } from "preact";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import "./quarantine_badge.css";

/** How many mails wait in quarantine; nothing while there is none. */
export function QuarantineBadge(): JSX.Element | null {
  const { t, locale } = useWords();
  const { count, more } = useDesk().quarantine;
  if (count === 0) return null;
  return (
    <span class="badge">
      <span aria-hidden="true">
        {count.toLocaleString(locale)}
        {more && "+"}
      </span>
      <span class="hidden">{t("quarantine.count", { count })}</span>
    </span>
  );
}
