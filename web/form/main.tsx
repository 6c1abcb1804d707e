/** The composition root: the form's key from the address, parts joined, first render. */
import { pickLocale } from "@guichet/shared/i18n";
import { memory } from "@guichet/shared/memory";
import { render } from "preact";
import { Filling } from "./filling";
import { Page } from "./page";
import { Desk, type Form } from "./server";
import { wordsIn } from "./words";
import "@guichet/shared/tokens.css";
import "./styles.css";

const key = decodeURIComponent(location.pathname.split("/").at(-1) ?? "");
const desk = new Desk(key);
const browsers = wordsIn(pickLocale());
const theme = new URLSearchParams(location.search).get("theme");

function show(form: Form): void {
  document.documentElement.lang = form.language;
  document.title = form.name;
  const t = wordsIn(form.language);
  const draw = () => render(<Page filling={filling} t={t} />, document.body);
  const filling = new Filling(
    form,
    desk,
    memory(() => sessionStorage, `guichet:form:${key}:`),
    draw,
  );
  addEventListener("online", () => filling.tray.retryAll());
  draw();
}

function tell(told: string, again?: () => void): void {
  render(
    <main>
      <p role="status">{told}</p>
      {again && (
        <button type="button" onClick={again}>
          {browsers("tryAgain")}
        </button>
      )}
    </main>,
    document.body,
  );
}

async function start(): Promise<void> {
  tell(browsers("loading"));
  try {
    const form = await desk.load();
    if (form) show(form);
    else tell(browsers("unknown"));
  } catch (error) {
    console.warn("guichet:", error);
    tell(browsers("unreachable"), start);
  }
}

document.documentElement.lang = pickLocale();
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
void start();
