import type { JSX } from "preact";
import { useWords } from "../words/words";
import { Dialog } from "./dialog";
import { KEYS, type Shortcut } from "./keys";

export function Help({ onClose }: { onClose: () => void }): JSX.Element {
  const { t } = useWords();
  const shortcuts = Object.entries(KEYS) as [Shortcut, string][];
  return (
    <Dialog title={t("keys.title")} onClose={onClose}>
      <dl class="keys">
        {shortcuts.map(([shortcut, key]) => (
          <div key={shortcut}>
            <dt>
              <kbd>{key === "Enter" ? t("keys.enter") : key === "Escape" ? t("keys.escape") : key}</kbd>
            </dt>
            <dd>{t(`keys.${shortcut}`)}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {t("app.close")}
        </button>
      </div>
    </Dialog>
  );
}
