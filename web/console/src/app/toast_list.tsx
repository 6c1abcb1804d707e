import type { JSX } from "preact";
import { useDesk } from "../desk";
import { useWords } from "../words/words";
import { Icon } from "./icons";
import { Link } from "./link";
import "./toast_list.css";

export function ToastList(): JSX.Element {
  const { t } = useWords();
  const { toasts } = useDesk();
  return (
    <div class="toasts" role="status">
      {toasts.shown.value.map(({ id, text, tone, undo, link }) => (
        <div class={`toast ${tone}`} key={id}>
          <Icon name={tone === "done" ? "check" : "cross"} />
          <span>{text}</span>
          {undo && (
            <button
              type="button"
              class="button"
              onClick={() => {
                toasts.dismiss(id);
                undo();
              }}
            >
              {t("app.undo")}
            </button>
          )}
          {link && (
            <Link class="button" to={link}>
              {t("app.open")}
            </Link>
          )}
          <button
            type="button"
            class="button quiet square"
            aria-label={t("app.dismiss")}
            onClick={() => toasts.dismiss(id)}
          >
            <Icon name="cross" />
          </button>
        </div>
      ))}
    </div>
  );
}
