import { translator } from "@guichet/shared/i18n";
import type { Chat } from "../chat";
import { locale } from "../options";
import type { Bubble } from "../thread";
import { texts } from "./refusal_texts";

const t = translator(texts, locale);

/** Under a message that the server refused: why, and what can be done. */
export function Refusal({ item, chat }: { item: Bubble; chat: Chat }) {
  const why =
    item.code === "conversation_closed" ? "closed" : item.attachments.length > 0 ? "files" : "other";
  return (
    <div class="meta bad">
      {t(why)}
      {item.last && (
        <span>
          {/* After a closing, the button below says the same. */}
          {!chat.closed && (
            <button type="button" class="link" onClick={() => chat.writeAgain()}>
              {t("retry")}
            </button>
          )}
          <button type="button" class="link" onClick={() => chat.discardRefused()}>
            {t("discard")}
          </button>
        </span>
      )}
    </div>
  );
}
