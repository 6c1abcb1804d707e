import type { Request, TimelineItem } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { Dialog } from "../app/dialog";
import { Icon } from "../app/icons";
import { Moment } from "../app/time";
import { displayName } from "../requests/request";
import { useWords } from "../words/words";

interface StaleDialogProps {
  request: Request;
  /** What arrived, oldest first. */
  newer: readonly TimelineItem[];
  onSend: () => void;
  onReview: () => void;
}

/** Shows what arrived while the agent wrote, before their e-mail leaves. */
export function StaleDialog({ request, newer, onSend, onReview }: StaleDialogProps): JSX.Element {
  const { t } = useWords();
  return (
    <Dialog title={t("stale.title")} onClose={onReview}>
      <p>{t("stale.explain", { count: newer.length })}</p>
      <ul class="stale-items">
        {newer.map((item) => (
          <li key={item.id}>
            <p class="stale-head">
              <Icon name={item.channel} />
              <b>{item.author.name || displayName(request, t("visitor"))}</b>
              <Moment at={item.at} />
            </p>
            <p class="stale-text">{item.text || item.email?.subject}</p>
          </li>
        ))}
      </ul>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onSend}>
          {t("stale.send")}
        </button>
        <button type="button" class="button strong" autofocus onClick={onReview}>
          {t("stale.review")}
        </button>
      </div>
    </Dialog>
  );
}
