/** A form while it is filled in: what was typed, what is wrong with it, what became of it. Knows no screen. */
import { isBlank } from "@guichet/shared/blank";
import type { Memory } from "@guichet/shared/memory";
import { type FileServer, Tray } from "@guichet/shared/tray";
import type { Answer, Filled, Form, Server } from "./server";

/** Fields of every form, in their order. */
export const BASE = ["name", "email", "subject", "message"] as const;
/** Characters, as the server has them. */
export const LONGEST = {
  name: 200,
  email: 254,
  subject: 200,
  message: 10_000,
  text: 200,
  textarea: 10_000,
  tel: 40,
};

export type Wrong = "required" | "email" | "tel" | "refused";
export type Failure = "offline" | "failed" | "tooMany" | "gone" | "files";

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PHONE = /^[\d\s()+./-]+$/;
/** The files are there, but word of them is still on its way to where the form goes. */
const NOT_KNOWN_YET = "attachment_not_known_yet";
const TRIES = 3;
const AGAIN_AFTER = 2_000;
const NOT_AGAIN_BEFORE = 60_000;

export class Filling {
  readonly form: Form;
  readonly tray: Tray;
  /** By the path of the field: `email`, `fields.order`. */
  values: Readonly<Record<string, string>>;
  wrong: Readonly<Record<string, Wrong>> = {};
  /** How often it was to be sent. */
  asked = 0;
  sending = false;
  failure: Failure | null = null;
  /** The request's, once it is made. */
  number: number | null = null;
  /** A mail says so, too. */
  confirmed = false;
  #server: Server;
  #memory: Memory;
  #onChange: () => void;
  #token: string;
  #renewedAt = 0;
  /** What was last sent, and under which id. */
  #last = { id: "", content: "" };

  constructor(form: Form, server: Server, memory: Memory, onChange: () => void) {
    this.form = form;
    this.#server = server;
    this.#memory = memory;
    this.#onChange = onChange;
    this.#token = form.token;
    this.values = JSON.parse(memory.get("values") ?? "{}");
    // What was uploaded belongs to the token, which the next page does not have: only this one knows of it.
    this.tray = new Tray(this.#files(), { get: () => null, set: () => {} }, onChange);
  }

  type(path: string, value: string): void {
    this.values = { ...this.values, [path]: value };
    this.#memory.set("values", JSON.stringify(this.values));
    const { [path]: _, ...others } = this.wrong;
    this.wrong = others;
    this.#onChange();
  }

  /** Sends it, once its files are ready. Whether nothing that is known to be wrong stood against it. */
  send(): boolean {
    this.wrong = this.#check();
    this.failure = null;
    this.asked += 1;
    const right = Object.keys(this.wrong).length === 0;
    if (right && !this.sending) this.#sendWithFiles();
    this.#onChange();
    return right;
  }

  /** From the beginning, for another request; who writes stays. */
  again(): void {
    const { name = "", email = "" } = this.values;
    this.values = { name, email };
    this.number = null;
    this.#onChange();
  }

  #check(): Record<string, Wrong> {
    const required = [...BASE, ...this.form.fields.filter((field) => field.required).map(pathOf)];
    const missing = required.filter((path) => !this.#value(path)).map((path) => [path, "required"] as const);
    const wrong: Record<string, Wrong> = Object.fromEntries(missing);
    if (!wrong.email && !EMAIL.test(this.#value("email"))) wrong.email = "email";
    for (const field of this.form.fields) {
      const value = this.#value(pathOf(field));
      if (field.kind === "tel" && value && !PHONE.test(value)) wrong[pathOf(field)] = "tel";
    }
    return wrong;
  }

  #sendWithFiles(): void {
    this.sending = !this.tray.keepsWaiting(() => this.#sendWithFiles());
    if (this.sending && this.tray.files.some(({ state }) => state === "refused")) this.#fail("files");
    else if (this.sending) void this.#post();
  }

  async #post(tries = TRIES): Promise<void> {
    const { status, body } = await this.#server.post(this.#filled(), this.#token);
    if (body.code === NOT_KNOWN_YET && tries > 1) {
      setTimeout(() => void this.#post(tries - 1), AGAIN_AFTER);
    } else if (status === 401 && (await this.#renew())) {
      this.#sendWithFiles();
    } else if (status === 202 && body.number !== undefined) {
      this.confirmed = body.confirmed ?? false;
      this.#succeed(body.number);
    } else {
      this.#refuse(status, body);
    }
  }

  #succeed(number: number): void {
    this.sending = false;
    this.number = number;
    this.#memory.set("values", null);
    for (const { id } of this.tray.files) this.tray.remove(id);
    this.#onChange();
  }

  #refuse(status: number, { errors = [], code }: Answer["body"]): void {
    const known = new Set<string>([...BASE, ...this.form.fields.map(pathOf)]);
    const named = errors.map(({ field }) => field).filter((field) => known.has(field));
    this.asked += 1;
    this.wrong = Object.fromEntries(named.map((field) => [field, "refused"]));
    const files = code === NOT_KNOWN_YET || errors.some(({ field }) => field.startsWith("attachment_ids"));
    if (files) this.#fail("files");
    else if (status === 404) this.#fail("gone");
    else if (status === 429) this.#fail("tooMany");
    else if (status === 0) this.#fail("offline");
    else this.#fail(named.length > 0 ? null : "failed");
  }

  #fail(failure: Failure | null): void {
    this.sending = false;
    this.failure = failure;
    this.#onChange();
  }

  /** The same content keeps its id, whatever became of the last answer; what was changed since is another request. */
  #filled(): Filled {
    const content = {
      name: this.#value("name"),
      email: this.#value("email"),
      subject: this.#value("subject"),
      message: this.#value("message"),
      website: this.values.website ?? "",
      fields: Object.fromEntries(this.form.fields.map((field) => [field.name, this.#value(pathOf(field))])),
      attachment_ids: this.tray.files.map(({ id }) => id),
    };
    const written = JSON.stringify(content);
    if (written !== this.#last.content) this.#last = { id: crypto.randomUUID(), content: written };
    return { id: this.#last.id, ...content };
  }

  #value(path: string): string {
    const typed = this.values[path] ?? "";
    return isBlank(typed) ? "" : typed.trim();
  }

  /** Uploads with the present token; when that has expired, all files are uploaded anew with the next one. */
  #files(): FileServer {
    const server = this.#server.files(() => this.#token);
    return {
      ...server,
      send: async (file, id, onProgress, signal) => {
        const token = this.#token;
        const answer = await server.send(file, id, onProgress, signal);
        if (answer.status === 401 && token === this.#token) void this.#renew();
        return answer;
      },
    };
  }

  /** Whether there is a new token; one that is not taken either is not replaced at once. */
  async #renew(): Promise<boolean> {
    if (Date.now() - this.#renewedAt < NOT_AGAIN_BEFORE) return false;
    this.#renewedAt = Date.now();
    const form = await this.#server.load().catch(() => null);
    if (!form) return false;
    this.#token = form.token;
    const sources = this.tray.files.flatMap(({ source }) => source ?? []);
    for (const { id } of this.tray.files) this.tray.remove(id);
    this.tray.add(sources);
    return true;
  }
}

export function pathOf({ name }: { name: string }): string {
  return `fields.${name}`;
}
