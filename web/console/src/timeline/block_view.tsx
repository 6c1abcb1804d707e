import { formatDay } from "@guichet/shared/i18n";
import type { Attachment, Request, TimelineItem } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { Icon } from "../app/icons";
import { Clock, Moment } from "../app/time";
import { useDesk } from "../desk";
import { displayName } from "../requests/request";
import { useWords } from "../words/words";
import { tellEvent } from "./event_text";
import type { Block } from "./group";
import { LinkedText } from "./linked_text";
import { MessageState } from "./message_state";

interface BlockViewProps {
  block: Block;
  request: Request;
  /** The own message that tells its state, and that state. */
  lastOwnId: string | undefined;
  ownState: "sent" | "seen";
}

export function BlockView({ block, request, lastOwnId, ownState }: BlockViewProps): JSX.Element {
  const { t, locale } = useWords();
  if (block.kind === "day") {
    return (
      <h3 class="day">
        <span>{formatDay(locale, new Date(block.at))}</span>
      </h3>
    );
  }
  if (block.kind === "event") {
    return (
      <p class="event">
        {tellEvent(block.item, displayName(request, t("visitor")), t)} · <Clock at={block.item.at} />
      </p>
    );
  }
  const [first] = block.items;
  return (
    <section class="group" data-kind={first.kind} data-side={sideOf(first)}>
      <header class="group-head">
        <AuthorName item={first} request={request} />
        <Clock at={first.at} />
      </header>
      {block.items.map((item) => (
        <ItemBody key={item.id} item={item} state={item.id === lastOwnId ? ownState : null} />
      ))}
    </section>
  );
}

function AuthorName({ item, request }: { item: TimelineItem; request: Request }): JSX.Element {
  const { t } = useWords();
  const { agent } = useDesk();
  const { author } = item;
  const outside = author.kind === "visitor" || author.kind === "contact";
  const name = author.id === agent.id ? t("timeline.you") : (author.name ?? t("timeline.system"));
  return (
    <>
      {item.kind === "note" && (
        <span class="note-mark">
          <Icon name="lock" />
          {t("timeline.note")}
        </span>
      )}
      <b>{outside ? displayName(request, t("visitor")) : name}</b>
    </>
  );
}

function ItemBody({ item, state }: { item: TimelineItem; state: "sent" | "seen" | null }): JSX.Element {
  const own = item.direction === "outbound";
  return (
    <article class="item" data-seq={item.seq ?? undefined} data-state={state ?? (own ? "sent" : "received")}>
      {item.kind === "email" && (
        <p class="email-head">
          <Icon name="email" />
          <Moment at={item.at} />
        </p>
      )}
      <div class="bubble">
        {item.text && <LinkedText text={item.text} />}
        {item.attachments.length > 0 && <Files attachments={item.attachments} />}
      </div>
      {state && <MessageState state={state} />}
    </article>
  );
}

function Files({ attachments }: { attachments: Attachment[] }): JSX.Element {
  const { t, locale } = useWords();
  return (
    <ul class="files">
      {attachments.map(({ id, name, size }) => (
        <li key={id}>
          <Icon name="file" />
          {t("timeline.attachment", { name, size: tellSize(size, locale) })}
        </li>
      ))}
    </ul>
  );
}

function tellSize(bytes: number, locale: string): string {
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1000, "kilobyte"] : [bytes / 1_000_000, "megabyte"];
  return value.toLocaleString(locale, { style: "unit", unit, maximumFractionDigits: 1 });
}

function sideOf(item: TimelineItem): "left" | "right" {
  return item.direction === "inbound" ? "left" : "right";
}
