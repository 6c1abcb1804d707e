import type { JSX } from "preact";
import { tellPlaceholder } from "../templates/placeholders";
import type { Placeholder } from "../templates/template";
import { useWords } from "../words/words";

interface UnfilledProps {
  placeholders: readonly Placeholder[];
  onSelect: (placeholder: Placeholder) => void;
  /** They are meant as they stand. */
  onKeep: () => void;
}

/** The placeholders that nothing could fill: each is a way to its place in the text. */
export function Unfilled({ placeholders, onSelect, onKeep }: UnfilledProps): JSX.Element {
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
      {placeholders.length > 0 && (
        <button type="button" class="button quiet" onClick={onKeep}>
          {t("composer.unfilled.keep")}
        </button>
      )}
    </div>
  );
}
