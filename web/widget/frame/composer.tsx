import { isBlank } from "@guichet/shared/blank";
import { Component, createRef } from "preact";
import type { Chat } from "./chat";
import { ClipIcon, SendIcon } from "./icons";
import { t } from "./options";
import { attach, type Parts } from "./parts";

/** As fixed by the protocol, in Unicode characters. */
const LONGEST = 10_000;
const COUNTED_FROM = LONGEST - 500;

interface Props {
  chat: Chat;
  files: Parts["files"];
  shown: boolean;
  closed: boolean;
}

export class Composer extends Component<Props, { draft: string }> {
  override state = { draft: this.props.chat.draft };
  #input = createRef<HTMLTextAreaElement>();
  #picker = createRef<HTMLInputElement>();

  override componentDidUpdate(before: Props): void {
    const field = this.#input.current;
    if (!field) return;
    // As high as what is written, up to the style's limit.
    field.style.height = "";
    field.style.height = `${field.scrollHeight + 2}px`;
    const { shown, closed } = this.props;
    if (shown && (!before.shown || before.closed !== closed)) field.focus();
  }

  #send = (event?: Event): void => {
    event?.preventDefault();
    const text = this.state.draft.trim();
    const { chat, files } = this.props;
    const tray = files.current?.tray;
    if ((isBlank(text) && !tray?.sendable) || lengthOf(text) > LONGEST || chat.unavailable) return;
    // Where a file is still on its way, the message waits for it.
    if (tray?.keepsWaiting(this.#send)) return;
    chat.post(text, tray?.take());
    this.#type("");
    this.#input.current?.focus();
  };

  #type = (draft: string): void => {
    this.setState({ draft });
    this.props.files.current?.tray.keepsWaiting(undefined);
    this.props.chat.typed(draft);
  };

  override render({ chat, files, closed }: Props, { draft }: { draft: string }) {
    if (closed) {
      return (
        <footer>
          <button type="button" class="main" onClick={() => chat.writeAgain()}>
            {t("writeAgain")}
          </button>
        </footer>
      );
    }
    const left = LONGEST - lengthOf(draft.trim());
    const part = files.current;
    return (
      <form onSubmit={this.#send}>
        {part && <part.Tray tray={part.tray} />}
        <button
          type="button"
          class="icon clip"
          aria-label={t("attach")}
          title={t("attach")}
          onClick={() => this.#picker.current?.click()}
        >
          <ClipIcon />
        </button>
        <input
          ref={this.#picker}
          type="file"
          multiple
          hidden
          onChange={({ currentTarget }) => {
            attach(this.props, currentTarget);
            // The same file can be chosen again.
            currentTarget.value = "";
          }}
        />
        <textarea
          ref={this.#input}
          rows={1}
          value={draft}
          placeholder={t("write")}
          aria-label={t("write")}
          aria-describedby="count"
          aria-invalid={left < 0}
          onPaste={(event) => {
            if (attach(this.props, event.clipboardData)) event.preventDefault();
          }}
          onInput={({ currentTarget }) => this.#type(currentTarget.value)}
          onKeyDown={(event) => {
            // While an input method composes, Enter chooses a word.
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.#send(event);
          }}
        />
        <button
          type="submit"
          class="send"
          aria-label={t("send")}
          title={t("send")}
          disabled={left < 0 || (left === LONGEST && !part?.tray.sendable) || chat.unavailable}
        >
          <SendIcon />
        </button>
        <div id="count" class={left < 0 ? "count bad" : "count"}>
          {left < 0
            ? t("tooLong", { count: -left })
            : left <= LONGEST - COUNTED_FROM
              ? t("left", { count: left })
              : files.failed && t("noFiles")}
        </div>
      </form>
    );
  }
}

/** In Unicode characters, counted only where it can matter. */
function lengthOf(text: string): number {
  return text.length < COUNTED_FROM ? text.length : [...text].length;
}
