import { formatDay, formatTime, type Locale } from "@guichet/shared/i18n";
import type { DeliveryState, TimelineItem } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { Icon, type IconName } from "../app/icons";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { tellDelivery } from "./email_text";

const ICONS: Record<DeliveryState, IconName> = {
  queued: "clock",
  sending: "send",
  sent: "check",
  failed: "cross",
  bounced: "cross",
  uncertain: "warning",
};

/** How a sent e-mail stands, and what an agent can do where it did not arrive for sure. */
export function DeliveryLine({ item }: { item: TimelineItem }): JSX.Element {
  const { t, locale } = useWords();
  const { emailActs } = useDesk();
  const state = item.delivery?.state ?? "queued";
  const told = tellDelivery(item.delivery, t, (at) => tellTime(at, locale));
  const again = state === "failed" || state === "bounced" || state === "uncertain";
  return (
    <div class="delivery" data-state={state}>
      <p role="status">
        <Icon name={ICONS[state]} />
        <span>{told}</span>
      </p>
      {again && (
        <button type="button" class="button" onClick={() => void emailActs.resend(item)}>
          <Icon name="reload" />
          {t("email.resend")}
        </button>
      )}
      {state === "uncertain" && (
        <button type="button" class="button" onClick={() => void emailActs.confirm(item)}>
          <Icon name="check" />
          {t("email.confirm")}
        </button>
      )}
    </div>
  );
}

/** "aujourd’hui, 14:32". */
function tellTime(at: string, locale: Locale): string {
  const time = new Date(at);
  return `${formatDay(locale, time)}, ${formatTime(locale, time)}`;
}
