/** Tells a visitor who does not look at the chat of an answer. Loaded when there is the first one to tell of. */
import { chime } from "@guichet/shared/chime";
import { translator } from "@guichet/shared/i18n";
import type { Memory } from "@guichet/shared/memory";
import type { MessageEntry } from "@guichet/shared/protocol";
import { render } from "preact";
import type { ToHost } from "../../bridge";
import type { Chat } from "../chat";
import { CloseIcon } from "../icons";
import { locale } from "../options";
import css from "./peek.css?inline";
import { texts } from "./texts";

const t = translator(texts, locale);
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets.push(sheet);
// Beside the body, which the chat fills.
const place = document.createElement("div");
place.className = "told";
place.setAttribute("role", "status");
document.documentElement.append(place);

/** Shows nothing; by it the loader finds its mark in a title that the page has changed. */
const JOINER = "\u2060";

/**
 * The panel as a preview: over the launcher, on a phone in the middle. The rest of it is as the loader has it.
 * 300 px wide, and as high as a name and two lines.
 */
const STYLE =
  "top:auto;bottom:88px;width:calc(100vw - 40px);max-width:300px;height:92px;margin:0 auto;border-radius:10px;" +
  "box-shadow:0 0 0 1px rgb(128 128 128 / 25%),0 4px 16px rgb(0 0 0 / 22%)";

/**
 * Shows the last answer, or what of it is to be shown; says how the loader is to show that.
 * @param shown whether the panel is open
 */
export function peek(
  chat: Chat,
  memory: Memory,
  shown: boolean,
  tell: (message: ToHost) => void,
): { style: string; mark: string } {
  const { unread, active } = chat;
  const answer = unread > 0 ? lastAnswer(chat) : undefined;
  const id = answer?.id ?? null;
  // Once for each answer, also over pages and tabs.
  if (id && memory.get("told") !== id) {
    memory.set("told", id);
    void chime();
  }
  const peeking = answer && !shown && memory.get("dismissed") !== id;
  const dismiss = (): void => {
    memory.set("dismissed", id);
    tell({ guichet: "state", unread, active, site: null, ...peek(chat, memory, shown, tell) });
  };
  document.documentElement.classList.toggle("peek", Boolean(peeking));
  document.documentElement.onkeydown = ({ key }) => {
    if (peeking && key === "Escape") dismiss();
  };
  render(
    peeking ? <Peek answer={answer} onOpen={() => tell({ guichet: "open" })} onDismiss={dismiss} /> : null,
    place,
  );
  return { style: peeking ? STYLE : "", mark: answer ? `(${unread})${JOINER} ` : "" };
}

interface PeekProps {
  answer: MessageEntry;
  onOpen: () => void;
  onDismiss: () => void;
}

function Peek({ answer: { author, text, attachments }, onOpen, onDismiss }: PeekProps) {
  return (
    <>
      <button type="button" class="peek-open" title={t("open")} onClick={onOpen}>
        <bdi class="peek-name">{author.name ?? t("advisor")}</bdi>
        <span class="peek-text" dir="auto">
          {text.trim() || attachments.map(({ name }) => name).join(", ")}
        </span>
      </button>
      <button type="button" class="icon" aria-label={t("dismiss")} title={t("dismiss")} onClick={onDismiss}>
        <CloseIcon />
      </button>
    </>
  );
}

function lastAnswer(chat: Chat): MessageEntry | undefined {
  return chat.entries.findLast(
    (entry): entry is MessageEntry => entry.kind === "message" && entry.author.kind === "agent",
  );
}
