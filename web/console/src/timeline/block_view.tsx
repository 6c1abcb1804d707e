import { formatDay } from "@guichet/shared/i18n";
import type { Request, TimelineItem } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { Icon } from "../app/icons";
import { Clock } from "../app/time";
import { useDesk } from "../desk";
import { EmailCard } from "../emails/email_card";
import { FileList } from "../files/file_list";
import { displayName } from "../requests/request";
import { useWords } from "../words/words";
import { tellEvent } from "./event_text";
import type { Block } from "./group";
import { LinkedText } from "./linked_text";
import { MessageState } from "./message_state";
import type { Standing } from "./standing";

interface BlockViewProps {
  block: Block;
  request: Request;
  standings: ReadonlyMap<string, Standing>;
}

export function BlockView({ block, request, standings }: BlockViewProps): JSX.Element {
  const { t, locale } = useWords();
  const { reasonName } = useDesk();
  if (block.kind === "day") {
    return (
      <h2 class="day">
        <span>{formatDay(locale, new Date(block.at))}</span>
      </h2>
    );
  }
  if (block.kind === "event") {
    return (
      <p class="event" dir="auto">
        {tellEvent(block.item, displayName(request, t("visitor")), t, reasonName)} ·{" "}
        <Clock at={block.item.at} />
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
        <ItemBody key={item.id} item={item} request={request} standing={standings.get(item.id)} />
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
      {item.channel === "web_form" && (
        <span class="note-mark">
          <Icon name="web_form" />
          {t("channel.web_form")}
        </span>
      )}
      <b>
        <bdi>{outside ? outsider(item, displayName(request, t("visitor"))) : name}</bdi>
      </b>
    </>
  );
}

/** An e-mail is from whoever sent it; all else is from the one the request is about. */
function outsider({ kind, author, email }: TimelineItem, customer: string): string {
  return kind === "email" ? author.name || email?.from?.name || email?.from?.email || customer : customer;
}

interface ItemBodyProps {
  item: TimelineItem;
  request: Request;
  standing: Standing | undefined;
}

function ItemBody({ item, request, standing }: ItemBodyProps): JSX.Element {
  const state = standing?.state ?? (item.direction === "inbound" ? "received" : "sent");
  return (
    <article class="item" data-seq={item.seq ?? undefined} data-state={state}>
      {item.email ? (
        <EmailCard item={item} email={item.email} request={request} />
      ) : (
        <div class="bubble">
          {item.text && <LinkedText text={item.text} />}
          {item.attachments.length > 0 && <FileList files={item.attachments} />}
        </div>
      )}
      {standing?.told && <MessageState message={item} requestId={request.id} standing={standing} />}
    </article>
  );
}

function sideOf(item: TimelineItem): "left" | "right" {
  return item.direction === "inbound" ? "left" : "right";
}
