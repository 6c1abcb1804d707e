import { isBlank } from "@guichet/shared/blank";
import { translator } from "@guichet/shared/i18n";
import { Component } from "preact";
import type { Chat } from "../chat";
import { CloseIcon } from "../icons";
import { locale } from "../options";
import { SiteRefused } from "../session";
import css from "./contact.css?inline";
import { texts } from "./texts";

const t = translator(texts, locale);
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets.push(sheet);

/** How long (ms) it is told that it was saved. */
const TOLD_FOR = 10_000;

type Told = "saving" | "badEmail" | "failed";

interface State {
  told?: Told | undefined;
  /** What was saved, once it is. */
  saved?: string;
}

/** Asks, quietly and once, where an answer could reach the visitor after they have left. */
export class ContactForm extends Component<{ chat: Chat }, State> {
  #save = async (event: SubmitEvent & { currentTarget: HTMLFormElement }): Promise<void> => {
    event.preventDefault();
    const { chat } = this.props;
    const said = new FormData(event.currentTarget);
    const [name, email] = ["name", "email"].map((field) => seen(String(said.get(field))));
    if (!name && !email) return chat.doNotAsk();
    this.setState({ told: "saving" });
    try {
      await chat.session.tell({ ...(name && { name }), ...(email && { email }) });
      this.setState({ told: undefined, saved: email ? t("savedEmail", { email }) : t("savedName") });
      chat.reconnect();
      setTimeout(() => chat.doNotAsk(), TOLD_FOR);
      addEventListener("pagehide", () => chat.doNotAsk());
    } catch (error) {
      console.warn("guichet:", error);
      this.setState({ told: error instanceof SiteRefused ? "badEmail" : "failed" });
    }
  };

  override render({ chat }: { chat: Chat }, { told, saved }: State) {
    return (
      <section class="contact" aria-label={t("title")}>
        {saved ? (
          <p role="status">{saved}</p>
        ) : (
          <details>
            <summary>{t("title")}</summary>
            <form onSubmit={this.#save}>
              <label>
                {t("email")}
                <input name="email" type="email" autocomplete="email" maxLength={254} />
              </label>
              <label>
                {t("name")}
                <input name="name" autocomplete="name" maxLength={200} />
              </label>
              <button type="submit" class="main" disabled={told === "saving"}>
                {t("save")}
              </button>
              <div role="status" class={told === "saving" ? "" : "bad"}>
                {told && t(told)}
              </div>
            </form>
          </details>
        )}
        <button
          type="button"
          class="icon"
          aria-label={t("dismiss")}
          title={t("dismiss")}
          onClick={() => chat.doNotAsk()}
        >
          <CloseIcon />
        </button>
      </section>
    );
  }
}

/** What shows nothing was not filled in. */
function seen(typed: string): string {
  return isBlank(typed) ? "" : typed.trim();
}
