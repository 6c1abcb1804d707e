// The mailbox of the demo's customers: what /api/mail holds, asked again every two seconds. Words are in the page.

const POLL_MILLISECONDS = 2000;
const FIRST_ADDRESS = "ada@example.org";
const READ_KEY = "demo-mail-read";
const MAIL_STYLE =
  "body{margin:0;font:17px/1.6 Georgia,serif;color:#2a2621;overflow-wrap:anywhere}img{max-width:100%;height:auto}";

const language = document.documentElement.lang;
const dayAndTime = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const timeOnly = new Intl.DateTimeFormat(language, { timeStyle: "short" });

const byId = (id) => document.getElementById(id);
const addressField = byId("address");
const rows = byId("letters");
const panes = document.querySelector(".panes");
const opened = byId("letter");
const status = byId("status");

const read = new Set(JSON.parse(localStorage.getItem(READ_KEY) ?? "[]"));
const drafts = new Map();
let address = "";
let letters = null; // null until the first answer: what is there then has not just arrived
let listEtag = "";
let openId = "";

function copyOf(templateId) {
  return byId(templateId).content.cloneNode(true);
}

function say(name, values = {}) {
  status.textContent = name && status.dataset[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

function showTime(element, at) {
  const moment = new Date(at);
  const isToday = moment.toDateString() === new Date().toDateString();
  element.dateTime = at;
  element.textContent = (isToday ? timeOnly : dayAndTime).format(moment);
}

// --- the list ---

async function ask(query) {
  try {
    const answer = await fetch(`/api/mail?${query}`, { cache: "no-cache" });
    return answer.ok ? answer : null;
  } catch {
    return null;
  }
}

/** The mailbox that the address bar names, else the one that got the newest letter. */
async function firstAddress() {
  const named = new URLSearchParams(location.search).get("to");
  const known = named ? null : await ask("raw=false");
  return named ?? (await known?.json())?.items[0]?.to ?? FIRST_ADDRESS;
}

async function refresh() {
  const query = new URLSearchParams({ raw: "false", to: address });
  const answer = await ask(query);
  if (!answer) {
    say("offline");
    return;
  }
  if (status.textContent === status.dataset.offline) say("");
  const etag = `${address} ${answer.headers.get("etag")}`;
  if (etag === listEtag) return;
  const { items, addresses } = await answer.json();
  if (query.get("to") !== address) return; // another mailbox was chosen meanwhile
  const arrived = letters && items.find((item) => !letters.some((known) => known.id === item.id));
  [letters, listEtag] = [items, etag];
  showAddresses(addresses);
  showRows();
  const current = letters.find((item) => item.id === openId);
  if (current) showAnswers(current);
  if (arrived) say("arrived", arrived);
}

function showAddresses(known) {
  const all = [...new Set([FIRST_ADDRESS, address, ...known])].sort();
  if (all.join() !== [...addressField.options].map((option) => option.value).join()) {
    addressField.replaceChildren(...all.map((value) => new Option(value, value)));
  }
  addressField.value = address;
}

function showRows() {
  const focused = document.activeElement?.dataset.id;
  rows.replaceChildren(...letters.map(row));
  byId("empty").hidden = letters.length > 0;
  if (focused) rows.querySelector(`[data-id="${focused}"]`)?.focus();
}

function row(letter) {
  const copy = copyOf("row");
  const button = copy.querySelector("button");
  button.dataset.id = letter.id;
  button.classList.toggle("unread", !read.has(letter.id));
  button.setAttribute("aria-current", String(letter.id === openId));
  button.querySelector(".from").textContent = letter.from_name || letter.from;
  button.querySelector(".subject").textContent = letter.subject;
  button.querySelector(".preview").textContent = letter.text.slice(0, 200);
  showTime(button.querySelector("time"), letter.at);
  button.addEventListener("click", () => open(letter));
  return copy;
}

rows.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...rows.querySelectorAll("button")];
  buttons[buttons.indexOf(document.activeElement) + step]?.focus();
});

addressField.addEventListener("change", () => {
  [address, letters] = [addressField.value, null];
  history.replaceState(null, "", `?to=${encodeURIComponent(address)}`);
  close();
  refresh();
});

// --- one letter ---

function open(letter) {
  openId = letter.id;
  read.add(letter.id);
  localStorage.setItem(READ_KEY, JSON.stringify([...read].slice(-500)));
  const view = copyOf("opened");
  const subject = view.querySelector(".subject");
  subject.textContent = letter.subject || subject.dataset.none;
  view.querySelector(".from").textContent = letter.from_name
    ? `${letter.from_name} <${letter.from}>`
    : letter.from;
  view.querySelector(".to").textContent = letter.to;
  showTime(view.querySelector("time"), letter.at);
  view.querySelector(".files").append(...letter.files.map((file) => fileLink(letter, file)));
  view.querySelector(".back").addEventListener("click", close);
  const plain = view.querySelector(".plain");
  plain.hidden = !letter.html || !letter.text;
  plain.addEventListener("click", () => {
    const pressed = plain.getAttribute("aria-pressed") !== "true";
    plain.setAttribute("aria-pressed", String(pressed));
    showBody(letter, pressed);
  });
  const form = view.querySelector("form");
  form.elements.text.value = drafts.get(letter.id) ?? "";
  form.addEventListener("input", () => drafts.set(letter.id, form.elements.text.value));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form, `/api/mail/${letter.id}/reply`, { language }, () => drafts.delete(letter.id));
  });
  opened.replaceChildren(view);
  showBody(letter, !letter.html);
  showAnswers(letter);
  showRows();
  panes.classList.add("reading");
  opened.focus();
}

function close() {
  openId = "";
  opened.replaceChildren();
  panes.classList.remove("reading");
  if (letters) showRows();
  byId("messages").focus();
}

// HTML of strangers: no script runs in this frame, and the page's policy keeps it from loading anything from elsewhere.
function showBody(letter, plain) {
  const body = opened.querySelector(".body");
  if (plain) {
    body.textContent = letter.text;
    return;
  }
  const frame = copyOf("frame").firstElementChild;
  const fit = () => {
    frame.style.height = `${frame.contentDocument.documentElement.scrollHeight}px`;
  };
  frame.addEventListener("load", () => {
    fit();
    new ResizeObserver(fit).observe(frame.contentDocument.body);
  });
  frame.srcdoc = `<!doctype html><meta charset="utf-8"><base target="_blank"><style>${MAIL_STYLE}</style>${letter.html}`;
  body.replaceChildren(frame);
}

function fileLink(letter, file) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `/api/mail/${letter.id}/files/${file.index}`;
  link.download = file.name;
  link.textContent = `${file.name} · ${size(file.size)}`;
  item.append(link);
  return item;
}

function size(bytes) {
  const [value, unit] = bytes < 1e6 ? [Math.ceil(bytes / 1e3), "kilobyte"] : [bytes / 1e6, "megabyte"];
  const style = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(language, style).format(value);
}

function showAnswers(letter) {
  opened.querySelector(".answers").replaceChildren(...letter.answers.map(answerShown));
}

function answerShown(answer) {
  const copy = copyOf("answer");
  // What the answer quotes begins with the line above it: see SAID_BY in letters.py.
  const cut = answer.text.search(/\n\n(Le|On) \d\d\/\d\d\/\d{4} .+ :?\n?/);
  const said = cut < 0 ? answer.text : answer.text.slice(0, cut);
  copy.querySelector(".text").textContent = [said, ...answer.files].join("\n");
  copy.querySelector(".quote").textContent = cut < 0 ? "" : answer.text.slice(cut).trim();
  copy.querySelector("details").hidden = cut < 0;
  showTime(copy.querySelector("time"), answer.at);
  return copy;
}

// --- writing ---

async function send(form, path, more, done) {
  const fields = Object.fromEntries(new FormData(form));
  const { file, ...body } = { ...fields, ...more };
  const button = form.querySelector("[type=submit]");
  const problem = form.querySelector(".problem");
  [button.disabled, problem.hidden] = [true, true];
  try {
    if (file.size) body.attachment = { name: file.name, content: await base64(file) };
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  } catch (error) {
    console.warn(error);
    [problem.textContent, problem.hidden] = [status.dataset.failed, false];
    return;
  } finally {
    button.disabled = false;
  }
  form.reset();
  done();
  say("sent");
  refresh();
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.split(",", 2)[1]));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

const dialog = byId("compose");
const compose = dialog.querySelector("form");
byId("write").addEventListener("click", () => {
  compose.elements.from.value = address;
  dialog.showModal();
});
compose.querySelector("[value=cancel]").addEventListener("click", () => dialog.close());
compose.addEventListener("submit", (event) => {
  event.preventDefault();
  send(compose, "/api/mail", {}, () => dialog.close());
});

async function poll() {
  if (!document.hidden) await refresh();
  setTimeout(poll, POLL_MILLISECONDS);
}

document.addEventListener("visibilitychange", () => !document.hidden && refresh());
address = await firstAddress();
showAddresses([]);
poll();
