/** `/widget.js`: the launcher on the host page. The chat itself is a frame, made when it is first needed. */

import { parseColor, textOn } from "@guichet/shared/color";
import { pickLocale, translator } from "@guichet/shared/i18n";
import { memory } from "@guichet/shared/memory";
import { type FrameOptions, type Look, receive, type ToFrame, type ToHost } from "../bridge";
import css from "./styles.css?inline";
import { texts } from "./texts";

declare global {
  interface Window {
    Guichet?: { open: () => void; close: () => void; identify: (token: string) => void; reset: () => void };
  }
}

/** A frame that has not said a word in this time (ms) is taken away; another is tried while somebody waits for it. */
const FRAME_ANSWERS_WITHIN = 10_000;
const DEFAULT_COLOR = "#1b1c1e";

function start({ src, dataset }: HTMLScriptElement): void {
  const origin = new URL(src).origin;
  const key = dataset.key ?? "";
  const locale = pickLocale(dataset.locale ?? document.documentElement.lang);
  const t = translator(texts, locale);
  const remembered = memory(() => localStorage, `guichet:${key}:`);

  let identity = dataset.identityToken;
  let reset = remembered.get("active") === "reset";
  let shown = false;
  let unread = 0;
  let mark = "";
  let frame: HTMLIFrameElement | null = null;
  let answered = false;

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];

  const launcher = document.createElement("button");
  launcher.type = "button";
  launcher.ariaHasPopup = "dialog";
  const badge = document.createElement("span");
  badge.ariaHidden = "true";
  launcher.append(icon(), badge);
  const panel = document.createElement("section");
  panel.hidden = true;
  panel.role = "dialog";
  panel.ariaLabel = t("title");
  const notice = document.createElement("p");
  notice.role = "status";
  panel.append(notice);
  root.append(panel, launcher);
  document.body.append(host);

  function dress(site: Look | null): void {
    const color = parseColor(dataset.color) ?? parseColor(site?.color) ?? DEFAULT_COLOR;
    host.style.setProperty("--color", color);
    host.style.setProperty("--on-color", textOn(color));
    host.classList.toggle("left", (dataset.position ?? site?.position) === "left");
  }

  function label(): void {
    launcher.ariaExpanded = String(shown);
    launcher.ariaLabel = shown ? t("close") : unread > 0 ? t("openUnread", { count: unread }) : t("open");
    badge.hidden = shown || unread === 0;
    badge.textContent = unread > 9 ? "9+" : String(unread);
  }

  function tell(): void {
    const message: ToFrame = { guichet: "shown", shown, identity };
    if (answered) frame?.contentWindow?.postMessage(message, origin);
  }

  function load(): void {
    if (frame) return;
    const options: FrameOptions = {
      origin: location.origin,
      locale,
      color: dataset.color,
      theme: dataset.theme,
      reset,
    };
    notice.textContent ||= t("loading");
    const made = document.createElement("iframe");
    made.title = t("title");
    // Links open in pages of their own, which do not inherit the sandbox.
    made.sandbox.value =
      "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads";
    made.src = `${origin}/widget/frame.html?key=${encodeURIComponent(key)}#${encodeURIComponent(JSON.stringify(options))}`;
    panel.append(made);
    frame = made;
    setTimeout(() => {
      if (answered || frame !== made) return;
      made.remove();
      frame = null;
      notice.textContent = t("unavailable");
      if (shown) load();
    }, FRAME_ANSWERS_WITHIN);
  }

  /** Another frame in place of this one, which forgets first all that is kept of the visitor. */
  function renew(): void {
    // Should the page go before the frame has answered, the next page's does it.
    reset = true;
    remembered.set("active", "reset");
    frame?.remove();
    frame = null;
    answered = false;
    peek("", "");
    load();
  }

  function show(wanted: boolean): void {
    if (shown === wanted) return;
    shown = wanted;
    const focused = root.activeElement !== null;
    if (shown) load();
    peek();
    label();
    tell();
    if (shown) frame?.focus();
    else if (focused) launcher.focus();
  }

  /** The panel as a small preview, or as itself again; `next` stands before the page's title in place of `mark`. */
  function peek(style = "", next = mark): void {
    panel.style.cssText = style;
    panel.hidden = !shown && !style;
    if (mark === next) return;
    document.title = next + document.title.replace(mark, "");
    mark = next;
  }

  receive<ToHost>(
    origin,
    () => frame?.contentWindow,
    (message) => {
      if (message.guichet === "reset") return renew();
      if (message.guichet !== "state") return show(message.guichet === "open");
      peek(message.style, message.mark);
      unread = message.unread;
      if (message.active !== null) remembered.set("active", message.active ? "1" : null);
      if (message.site) {
        remembered.set("site", JSON.stringify(message.site));
        dress(message.site);
      }
      label();
      if (answered) return;
      answered = true;
      panel.classList.add("answered");
      notice.textContent = "";
      tell();
    },
  );

  launcher.onclick = () => show(!shown);
  root.addEventListener("keydown", (event) => {
    if ((event as KeyboardEvent).key === "Escape") show(false);
  });
  dress(JSON.parse(remembered.get("site") ?? "null"));
  label();
  if (remembered.get("active")) load();
  window.Guichet = {
    open: () => show(true),
    close: () => show(false),
    identify(token) {
      identity = token;
      tell();
    },
    reset() {
      identity = undefined;
      show(false);
      renew();
    },
  };
}

/** A speech bubble when closed, a chevron when open; which one shows is a matter of style. */
function icon(): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.ariaHidden = "true";
  for (const shape of ["M4 5.5h16v11H10.5L6 20v-3.5H4z", "M6 9.5l6 6 6-6"]) {
    const path = document.createElementNS(namespace, "path");
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}

const script = document.currentScript;
if (script instanceof HTMLScriptElement && !window.Guichet) {
  if (document.body) start(script);
  else addEventListener("DOMContentLoaded", () => start(script));
}
