import { Component } from "preact";
import type { Chat } from "./chat";
import { Composer } from "./composer";
import { CloseIcon } from "./icons";
import { MessageList } from "./message_list";
import { t } from "./options";
import type { Parts } from "./parts";

interface Props {
  chat: Chat;
  parts: Parts;
  /** The site's. */
  name: string;
  shown: boolean;
  onClose: () => void;
}

export function App({ chat, parts, name, shown, onClose }: Props) {
  const ContactForm = chat.mayAskWho && parts.contact.now?.ContactForm;
  return (
    <>
      <header>
        <h1>{name}</h1>
        <button type="button" class="icon" aria-label={t("close")} title={t("close")} onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <main>
        <ConnectionBar away={chat.connection !== "open"} unavailable={chat.unavailable} />
        <MessageList chat={chat} parts={parts} />
        {ContactForm && <ContactForm chat={chat} />}
        <Composer chat={chat} files={parts.files} shown={shown} closed={chat.closed} />
      </main>
    </>
  );
}

/** A connection that is back in this time (ms) is not worth a word. */
const PATIENCE = 1_500;

class ConnectionBar extends Component<{ away: boolean; unavailable: boolean }, { told: boolean }> {
  #timer: ReturnType<typeof setTimeout> | undefined;

  override componentDidMount(): void {
    this.componentDidUpdate({ away: false });
  }

  override componentDidUpdate(before: { away: boolean }): void {
    if (before.away === this.props.away) return;
    clearTimeout(this.#timer);
    if (this.props.away) this.#timer = setTimeout(() => this.setState({ told: true }), PATIENCE);
    else this.setState({ told: false });
  }

  override render() {
    const { away, unavailable } = this.props;
    const telling = away && this.state.told;
    // The region is there before its words, so that a screen reader speaks them.
    return (
      <div class="bar" role="status">
        {unavailable ? t("unavailable") : telling && t(navigator.onLine ? "reconnecting" : "offline")}
      </div>
    );
  }
}
