/** Asks for a conversation by e-mail: a repeat of the same question, after an answer that was lost, is one e-mail. */
import type { Locale } from "@guichet/shared/i18n";
import type { Session } from "../session";
import { type Challenge, solve } from "./work";

/** `wanted`: no address is known, one must be given. */
export type Answer = "sent" | "wanted" | "badEmail" | "tooMany" | "gone" | "failed";

const ANSWERS: Record<number, Answer> = { 202: "sent", 404: "gone", 409: "gone", 429: "tooMany" };

export class Asking {
  #conversationId: string;
  #session: Pick<Session, "token">;
  #language: Locale;
  #last = { email: "", id: crypto.randomUUID() };
  /** What the server asks for before it takes another one from here. */
  #challenge?: Challenge;

  constructor(conversationId: string, language: Locale, session: Pick<Session, "token">) {
    this.#language = language;
    this.#conversationId = conversationId;
    this.#session = session;
  }

  /** Without an address, to the one that the visitor gave before. */
  async ask(email: string): Promise<Answer> {
    if (email !== this.#last.email) this.#last = { email, id: crypto.randomUUID() };
    try {
      let status = await this.#post(false);
      if (status === 401) status = await this.#post(true);
      if (status === 429 && this.#challenge) status = await this.#post(false);
      if (status === 422) return email ? "badEmail" : "wanted";
      return ANSWERS[status] ?? "failed";
    } catch (error) {
      console.warn("guichet:", error);
      return "failed";
    }
  }

  async #post(renew: boolean): Promise<number> {
    const { id, email } = this.#last;
    const challenge = this.#challenge;
    const work = challenge && { challenge: challenge.challenge, number: await solve(challenge) };
    const response = await fetch(`/chat/v1/conversations/${this.#conversationId}/transcript`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${await this.#session.token(renew)}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({ id, language: this.#language, ...(email && { email }), ...(work && { work }) }),
    });
    const refused = response.status === 429 ? await response.json() : {};
    this.#challenge = refused.code === "work_required" ? refused : undefined;
    return response.status;
  }
}
