import type { Request } from "@guichet/shared/protocol";
import type { JSX } from "preact";
import { tellPlaceholder } from "../templates/placeholders";
import type { Placeholder } from "../templates/template";
import { type T, useWords } from "../words/words";

interface UnfilledProps {
  placeholders: readonly Placeholder[];
  onSelect: (placeholder: Placeholder) => void;
}

/** The placeholders that nothing could fill: each is a way to its place in the text. */
export function Unfilled({ placeholders, onSelect }: UnfilledProps): JSX.Element {
  const { t } = useWords();
  return (
    <div class="unfilled" role="status">
      {placeholders.length > 0 && <span>{t("composer.unfilled", { count: placeholders.length })}</span>}
      {placeholders.map((placeholder) => (
        <button
          key={placeholder.start}
          type="button"
          class="unfilled-place"
          onClick={() => onSelect(placeholder)}
        >
          {tellPlaceholder(placeholder.name, t)}
        </button>
      ))}
    </div>
  );
}

/** Why nothing can be written to the customer now, and who they are. */
export function tellBlocked({ contact, conversation }: Request, t: T): string {
  if (!conversation) return t("composer.noConversation");
  if (!contact) return t("composer.closed.noContact");
  return contact.email
    ? t("composer.closed.contact", { name: contact.name, email: contact.email })
    : t("composer.closed.noAddress", { name: contact.name });
}
