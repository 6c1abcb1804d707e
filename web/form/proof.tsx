/** The page of the link in the mail that asks whether an address is the visitor's. Only its button says yes. */
import { pickLocale, translator } from "@guichet/shared/i18n";
import { render } from "preact";
import { texts } from "./proof_texts";
import "@guichet/shared/tokens.css";
import "./styles.css";

type State = "asked" | "sending" | "sent" | "gone" | "failed";

const locale = pickLocale();
const t = translator(texts, locale);
const token = location.hash.slice(1);

async function confirm(): Promise<void> {
  draw("sending");
  try {
    const response = await fetch("/api/v1/proofs", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    draw(response.ok ? "sent" : response.status === 404 || response.status === 422 ? "gone" : "failed");
  } catch (error) {
    console.warn("guichet:", error);
    draw("failed");
  }
}

function draw(state: State): void {
  const open = state !== "sent" && state !== "gone";
  render(
    <main>
      <h1>{t("title")}</h1>
      {open && <p>{t("asked")}</p>}
      {open && (
        <button type="button" class="main" aria-disabled={state === "sending"} onClick={() => void confirm()}>
          {t(state === "sending" ? "sending" : "confirm")}
        </button>
      )}
      <p role="status">{state !== "asked" && state !== "sending" && t(state)}</p>
    </main>,
    document.body,
  );
}

document.documentElement.lang = locale;
document.title = t("title");
draw(token ? "asked" : "gone");
