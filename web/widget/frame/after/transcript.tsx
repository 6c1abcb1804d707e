import { translator } from "@guichet/shared/i18n";
import { Component } from "preact";
import { locale } from "../options";
import type { Session } from "../session";
import { type Answer, Asking } from "./asking";
import css from "./transcript.css?inline";
import { texts } from "./transcript_texts";

const t = translator(texts, locale);
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets.push(sheet);

interface Props {
  /** The conversation's. */
  id: string;
  session: Session;
}

interface State {
  told?: Answer | "sending";
  /** An address is asked for, once it is known that none is known. */
  asks?: boolean;
  email?: string;
}

/** Under the closing notice: the conversation by e-mail, in one click where the visitor's address is known. */
export class Transcript extends Component<Props, State> {
  #asking = new Asking(this.props.id, locale, this.props.session);

  #ask = async (event: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    event.preventDefault();
    const email = String(new FormData(event.currentTarget).get("email") ?? "").trim();
    this.setState({ told: "sending", email });
    const told = await this.#asking.ask(email);
    this.setState(({ asks = false }) => ({ told, asks: asks || told === "wanted" }));
  };

  override render(_: Props, { told, asks, email }: State) {
    return (
      <form class="transcript" onSubmit={this.#ask}>
        {told !== "sent" && asks && (
          <label>
            {t("email")}
            <input
              name="email"
              type="email"
              autocomplete="email"
              maxLength={254}
              required
              aria-invalid={told === "badEmail"}
              ref={told === "wanted" || told === "badEmail" ? focus : null}
            />
          </label>
        )}
        {told !== "sent" && (
          <button type="submit" class={asks ? "main" : "link"} disabled={told === "sending"}>
            {t(asks ? "send" : "ask")}
          </button>
        )}
        <div role="status" class={!told || told === "sending" || told === "sent" ? "" : "bad"}>
          {told === "sent" && email ? t("sentTo", { email }) : told && told !== "wanted" && t(told)}
        </div>
      </form>
    );
  }
}

const focus = (input: HTMLInputElement | null): void => input?.focus();
