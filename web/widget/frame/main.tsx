/** The composition root of the frame: options in, parts joined, first render. */

import { parseColor, textOn } from "@guichet/shared/color";
import { memory } from "@guichet/shared/memory";
import { render } from "preact";
import { receive, type ToFrame, type ToHost } from "../bridge";
import { App } from "./app";
import { Chat } from "./chat";
import { Later } from "./later";
import { locale, options, widgetKey } from "./options";
import { attach, type Parts } from "./parts";
import { Session, type Site } from "./session";
import { openStorage } from "./storage";
import "@guichet/shared/tokens.css";
import "./styles.css";

const storage = openStorage();
const prefix = `guichet:${widgetKey}:`;
if (options.reset) {
  // Where the browser forbids storage, nothing is kept, and there is nothing to forget.
  for (const key in storage) if (key.startsWith(prefix)) storage.removeItem(key);
}
const words = memory(() => storage, prefix);
const session = new Session(widgetKey, words, () => tell({ guichet: "reset" }));
const socketUrl = new URL("/chat/v1/socket", location.href);
socketUrl.protocol = socketUrl.protocol.replace("http", "ws");
const parts: Parts = {
  files: new Later(
    () => import("./files/part").then((part) => new part.FilesPart(session, words, changed)),
    changed,
  ),
  links: new Later(() => import("@guichet/shared/links"), changed),
  after: new Later(() => import("./after/part"), changed),
  contact: new Later(() => import("./contact/contact_form"), changed),
};
const chat = new Chat({
  session,
  renew: async (message, outbox) => (await parts.files.get())?.renew(message, outbox),
  memory: words,
  outbox: { storage, prefix: `${prefix}pending:` },
  url: socketUrl.href,
  onChange: changed,
});

const told = new Later(() => import("./told/part"), changed);

let site: Site | null = JSON.parse(words.get("site") ?? "null");
let shown = false;
let drawing: ReturnType<typeof setTimeout> | undefined;

function tell(message: ToHost): void {
  if (options.origin) parent.postMessage(message, options.origin);
}

const close = () => tell({ guichet: "close" });

/** Tells the loader at once; draws when the burst of changes is over. */
function changed(): void {
  const { unread, active } = chat;
  const peek = (unread ? told.now : told.current)?.peek(chat, words, shown, tell);
  tell({ guichet: "state", unread, active, site, ...peek });
  if (!drawing) drawing = setTimeout(draw);
}

function draw(): void {
  drawing = undefined;
  render(
    <App chat={chat} parts={parts} name={site?.name ?? ""} shown={shown} onClose={close} />,
    document.body,
  );
}

function look(): void {
  chat.looking = shown && !document.hidden;
}

function paint(): void {
  const color = parseColor(options.color) ?? parseColor(site?.color);
  if (!color) return;
  document.documentElement.style.setProperty("--accent", color);
  document.documentElement.style.setProperty("--on-accent", textOn(color));
}

if (options.origin) {
  receive<ToFrame>(
    options.origin,
    () => parent,
    (message) => {
      shown = message.shown;
      chat.identify(message.identity);
      if (shown || session.known) chat.start();
      look();
    },
  );
}
document.onvisibilitychange = look;
for (const type of ["dragover", "dragleave", "drop"] as const) {
  document.addEventListener(type, (event) => {
    // Without this the browser would open the file in place of the chat.
    event.preventDefault();
    document.body.classList.toggle("drop", type === "dragover");
    if (type === "drop" && !chat.closed) attach(parts, event.dataTransfer);
  });
}
document.onkeydown = ({ key }) => {
  if (key === "Escape") close();
};

document.documentElement.lang = locale;
if (options.theme) document.documentElement.dataset.theme = options.theme;
paint();
session.site().then(
  (found) => {
    site = found;
    words.set("site", JSON.stringify(found));
    paint();
    changed();
  },
  // Without the site's name the chat works: what was known last, or nothing, is shown.
  console.warn,
);
// Ages like "5 min ago" grow.
setInterval(changed, 30_000);
// Files that were ready to be sent when the last page went.
if (words.get("files")) void parts.files.get();
changed();
