import { formatAge, formatDateTime, formatDay } from "@guichet/shared/i18n";
import { Component, createRef } from "preact";
import type { Chat } from "./chat";
import { locale, t } from "./options";
import type { Parts } from "./parts";
import { type Bubble, type Item, thread } from "./thread";

/** A long conversation is shown from its end, in steps of so many entries. */
const PAGE = 60;
/** This near to the end (px), the reader wants to see what comes. */
const NEAR = 48;

interface Shown {
  chat: Chat;
  parts: Parts;
}

export class MessageList extends Component<Shown, { atEnd: boolean }> {
  override state = { atEnd: true };
  #list = createRef<HTMLDivElement>();
  /** Index of the first entry shown. It stays where it is while someone reads further up. */
  #from = 0;
  /** Where the view was, counted from the end (px), when earlier messages were asked for. */
  #fromEnd: number | null = null;
  #lastOwn: string | undefined;
  /** The panel opens, the composer grows, a phone's keyboard comes: the end stays in view. */
  #resized = new ResizeObserver(() => this.componentDidUpdate());

  override componentDidMount(): void {
    if (this.#list.current) this.#resized.observe(this.#list.current);
  }

  override componentDidUpdate(): void {
    const view = this.#list.current;
    if (!view) return;
    const lastOwn = this.props.chat.own.at(-1)?.id;
    const wrote = lastOwn !== undefined && lastOwn !== this.#lastOwn;
    this.#lastOwn = lastOwn;
    if (this.#fromEnd !== null) view.scrollTop = view.scrollHeight - this.#fromEnd;
    else if (this.state.atEnd || wrote) view.scrollTop = view.scrollHeight;
    this.#fromEnd = null;
  }

  #showEarlier = (): void => {
    const view = this.#list.current;
    if (view) this.#fromEnd = view.scrollHeight - view.scrollTop;
    this.#from = Math.max(0, this.#from - PAGE);
    this.forceUpdate();
  };

  override render({ chat, parts }: Shown, { atEnd }: { atEnd: boolean }) {
    if (atEnd) this.#from = Math.max(0, chat.entries.length - PAGE);
    const items = thread(chat.entries.slice(this.#from), chat.own, chat.seen);
    return (
      <div
        ref={this.#list}
        class="messages"
        role="log"
        aria-live="polite"
        aria-label={t("messages")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys must be able to scroll it
        tabIndex={0}
        onScroll={({ currentTarget: view }) => {
          this.setState({ atEnd: view.scrollHeight - view.scrollTop - view.clientHeight < NEAR });
        }}
      >
        {this.#from > 0 && (
          <button type="button" class="quiet" onClick={this.#showEarlier}>
            {t("earlier")}
          </button>
        )}
        {items.length === 0 && <p class="welcome">{t("welcome")}</p>}
        {items.map((item) => (
          <Line key={item.key} item={item} chat={chat} parts={parts} />
        ))}
        {chat.typist && (
          <div class="typing">
            <span class="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            {t("typing", { name: chat.typist.name ?? t("advisor") })}
          </div>
        )}
        {!atEnd && (
          <button type="button" class="quiet latest" onClick={() => this.setState({ atEnd: true })}>
            {t("latest")}
          </button>
        )}
      </div>
    );
  }
}

function Line({ item, chat, parts }: Shown & { item: Item }) {
  switch (item.kind) {
    case "day":
      return (
        <div class="rule">
          <span>{formatDay(locale, item.at)}</span>
        </div>
      );
    case "new":
      return (
        <div class="rule">
          <span>{t("newConversation")}</span>
        </div>
      );
    case "closed": {
      const Transcript = parts.after.now?.Transcript;
      const { name } = item.entry.author;
      return (
        <div class="notice">
          {name ? t("closedBy", { name }) : t("closed")} · <Time at={item.at} />
          {Transcript && <Transcript id={item.entry.conversation_id} session={chat.session} />}
        </div>
      );
    }
    case "bubble":
      return <BubbleLine item={item} chat={chat} parts={parts} />;
  }
}

function BubbleLine({ item, chat, parts }: Shown & { item: Bubble }) {
  const files = item.attachments.length > 0 && parts.files.now;
  const Refusal = item.state === "refused" && parts.after.now?.Refusal;
  // Without an address there is nothing to make a link of.
  const links = /www\.|[:@]/i.test(item.text) && parts.links.now;
  const author = item.mine ? t("you") : (item.author?.name ?? t("advisor"));
  return (
    <div class={`line${item.mine ? " mine" : ""}${item.first ? " first" : ""}${item.last ? " last" : ""}`}>
      <div class={item.mine || !item.first ? "hidden" : "author"}>
        <bdi>{author}</bdi>
      </div>
      <div class="bubble" dir="auto" title={formatDateTime(locale, item.at)}>
        {(links ? links.linkify(item.text) : [item.text]).map((part) =>
          typeof part === "string" ? (
            part
          ) : (
            // biome-ignore lint/correctness/useJsxKeyInIterable: the parts of a text never move
            <a href={part.href} target="_blank" rel="noopener noreferrer">
              {part.text}
            </a>
          ),
        )}
        {files ? (
          <files.List files={item.attachments} />
        ) : (
          item.attachments.map(({ id, name }) => <div key={id}>{name}</div>)
        )}
      </div>
      {item.state === "refused"
        ? Refusal && <Refusal item={item} chat={chat} />
        : (item.state || (item.last && !item.mine)) && (
            <div class="meta">
              {item.state && `${told(item.state, chat)} · `}
              <Time at={item.at} />
            </div>
          )}
    </div>
  );
}

function told(state: "sending" | "sent" | "seen", chat: Chat): string {
  return state === "sending" && chat.connection !== "open" ? t("kept") : t(state);
}

function Time({ at }: { at: Date }) {
  return (
    <time dateTime={at.toISOString()} title={formatDateTime(locale, at)}>
      {formatAge(locale, at)}
    </time>
  );
}
