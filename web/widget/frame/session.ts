/** The visitor's session with the site: its token, kept from one page to the next. */
import type { Look } from "../bridge";
import type { Memory } from "../memory";

export interface Site extends Look {
  name: string;
}

/** The server knows no such site, or this one refuses the visitor: trying again is of no use. */
export class SiteRefused extends Error {}

export class Session {
  #key: string;
  #memory: Memory;
  #details: { locale: string; page_url?: string };

  constructor(key: string, memory: Memory, details: { locale: string; page_url?: string }) {
    this.#key = key;
    this.#memory = memory;
    this.#details = details;
  }

  /** There was a session on an earlier page. */
  get known(): boolean {
    return this.#memory.get("token") !== null;
  }

  /**
   * The token for the socket; asked from the server the first time, and when the last one was refused
   * (`renew`; the old one then names the visitor, if the server still takes it).
   */
  async token(renew: boolean): Promise<string> {
    const last = this.#memory.get("token");
    if (last && !renew) return last;
    let response = await this.#begin(last);
    if (response.status === 401 && last) response = await this.#begin(null);
    const { token }: { token: string } = await answer(response);
    this.#memory.set("token", token);
    return token;
  }

  #begin(token: string | null): Promise<Response> {
    return fetch("/chat/v1/visitors", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ widget_key: this.#key, ...(token && { token }), ...this.#details }),
    });
  }

  async site(): Promise<Site> {
    return answer(await fetch(`/chat/v1/sites/${encodeURIComponent(this.#key)}`));
  }
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return response.json();
  // 429 and the server's own errors pass; every other refusal stays what it is.
  if (response.status < 500 && response.status !== 429) throw new SiteRefused(response.statusText);
  throw new Error(`${response.status} ${response.statusText}`);
}
