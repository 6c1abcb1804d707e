import type { JSX } from "preact";
import { Icon } from "../app/icons";
import { useWords } from "../words/words";
import type { Mode } from "./drafts";
import type { Way } from "./way";

interface ModesProps {
  /** Whether there is a conversation to answer in. */
  open: boolean;
  kind: Way["kind"];
  /** What is written must go the way it began. */
  locked: boolean;
  onChoose: (mode: Mode) => void;
}

/** The ways to write: by chat while a conversation is open, by e-mail, or a note. */
export function Modes({ open, kind, locked, onChoose }: ModesProps): JSX.Element {
  const { t } = useWords();
  const kinds: Way["kind"][] = open ? ["chat", "email", "note"] : ["email", "note"];
  return (
    // biome-ignore lint/a11y/useSemanticElements: buttons, not fields of the form
    <div class="modes" role="group" aria-label={t("composer.mode")}>
      {kinds.map((known) => (
        <button
          key={known}
          type="button"
          class="mode"
          aria-pressed={known === kind}
          disabled={locked && known !== kind}
          onClick={() => onChoose(known === "note" || (known === "email" && open) ? known : "reply")}
        >
          {known !== "chat" && <Icon name={known === "note" ? "lock" : "email"} />}
          {t(`composer.${known === "chat" ? "reply" : known}Mode`)}
        </button>
      ))}
    </div>
  );
}
