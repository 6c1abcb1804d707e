/** The visitor's session with the site: its token, kept from one page to the next. */

import type { Memory } from "@guichet/shared/memory";
import type { Look } from "../bridge";

export interface Site extends Look {
  name: string;
}

/** What visitors may say of themselves. */
export interface Details {
  name?: string;
  email?: string;
}

interface Begun {
  token: string;
  has_email: boolean;
  visitor_id: string;
}

/** The server knows no such site, or this one refuses the visitor: trying again is of no use. */
export class SiteRefused extends Error {}

export class Session {
  /** Who the visitor is, signed by the site's own server. */
  identity: string | undefined;
  #key: string;
  #memory: Memory;
  /** The identity that the server has answered to. */
  #known: string | undefined;
  #onOther: () => void;

  /** `onOther` is called once the session of a customer of the site is over, and another person's has begun. */
  constructor(key: string, memory: Memory, onOther: () => void) {
    this.#key = key;
    this.#memory = memory;
    this.#onOther = onOther;
    // A customer's session goes on only on pages that name them, which is asked of the server: they may have signed
    // out of the site.
    this.#known = memory.get("customer") ?? undefined;
  }

  /** There was a session on an earlier page. */
  get known(): boolean {
    return this.#memory.get("token") !== null;
  }

  /**
   * The token for the socket; asked from the server the first time, when the site says who the visitor is, and when
   * the last one was refused (`renew`; the old one then names the visitor, if the server still takes it).
   */
  async token(renew: boolean): Promise<string> {
    const last = this.#memory.get("token");
    return last && !renew && this.identity === this.#known ? last : this.tell({});
  }

  /** Renews the session with what the visitor says; returns its token. */
  async tell(details: Details): Promise<string> {
    const last = this.#memory.get("token");
    let { identity } = this;
    let response = await this.#begin(last, identity, details);
    // The old token or the site's: whichever is not taken any more, the session goes on without it.
    for (const next of [null, last, null]) {
      if (response.status !== 401) break;
      if (next) identity = undefined;
      response = await this.#begin(next, identity, details);
    }
    const { token, has_email, visitor_id }: Begun = await answer(response);
    if ((this.#memory.get("customer") ?? visitor_id) !== visitor_id) {
      this.#onOther();
      throw new Error();
    }
    this.#known = this.identity;
    if (identity) this.#memory.set("customer", visitor_id);
    this.#memory.set("token", token);
    if (has_email && !details.email) this.#memory.set("asked", "1");
    return token;
  }

  #begin(token: string | null, identity_token: string | undefined, details: Details): Promise<Response> {
    return fetch("/chat/v1/visitors", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        widget_key: this.#key,
        token,
        identity_token,
        ...details,
      }),
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
  throw new Error(response.statusText);
}
