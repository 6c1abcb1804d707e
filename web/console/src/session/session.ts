import type { Agent } from "@guichet/shared/protocol";
import { type ReadonlySignal, signal } from "@preact/signals";
import type { TokenSource } from "../http/api";
import { type Call, http } from "../http/http";
import { Problem } from "../http/problem";

export type SessionState =
  /** Not known yet whether the browser still holds a session. */
  | { phase: "starting" }
  /** Not known, and the server does not answer; asking goes on. */
  | { phase: "unreachable" }
  | { phase: "signed-out"; expired: boolean }
  | { phase: "signed-in"; agent: Agent };

interface Grant {
  access_token: string;
  expires_in: number;
  agent: Agent;
}

/** A token is renewed when it has less than this left, so that none expires on its way. */
const MARGIN_MS = 60_000;
const RETRY_MS = 3_000;
const LOCK = "guichet-refresh";

/**
 * The agent's session. The access token lives in memory only; what outlives a reload is the refresh cookie, which
 * scripts cannot read. It rotates, so all tabs take turns (Web Locks) in using it.
 */
export class Session implements TokenSource {
  private readonly current = signal<SessionState>({ phase: "starting" });
  readonly state: ReadonlySignal<SessionState> = this.current;

  private granted: { token: string; expiresAt: number } | null = null;
  private renewal: Promise<string> | null = null;
  private readonly tabs = new BroadcastChannel("guichet-session");

  constructor() {
    this.tabs.onmessage = () => this.end(false);
  }

  /** Takes up the session that the browser still holds, if any; asks again while the server is away. */
  async start(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      if (!(error instanceof Problem) || !error.passing) return;
      this.current.value = { phase: "unreachable" };
      setTimeout(() => this.start(), (error.retryAfter ?? 0) * 1000 || RETRY_MS);
    }
  }

  /** @throws Problem `invalid_credentials`, `second_factor_wanted`, `second_factor_to_set_up`, `rate_limited` … */
  async signIn(email: string, password: string, code?: string): Promise<void> {
    const body = { email, password, ...(code && { code }) };
    this.accept(await http<Grant>({ method: "POST", path: "/api/v1/auth/login", body }));
  }

  /**
   * Sets one's own password; every other session ends.
   * @throws Problem `validation_failed`, `rate_limited` or that of the network
   */
  async changePassword(current_password: string, password: string): Promise<void> {
    const call: Call = {
      method: "POST",
      path: "/api/v1/auth/password",
      body: { current_password, password },
      headers: { authorization: `Bearer ${await this.token()}` },
    };
    this.accept(await http<Grant>(call));
  }

  /**
   * Sets the password by the link that an operator gave, and signs in.
   * @throws Problem `link_not_valid`, `validation_failed` or that of the network
   */
  async welcome(token: string, password: string): Promise<void> {
    this.accept(
      await http<Grant>({ method: "POST", path: "/api/v1/auth/welcome", body: { token, password } }),
    );
  }

  /**
   * Signs out in every tab.
   * @throws Problem when the server cannot be told: its cookie would sign in whoever opens the page next
   */
  async signOut(): Promise<void> {
    await http({ method: "POST", path: "/api/v1/auth/logout" });
    this.tabs.postMessage("signed-out");
    this.end(false);
  }

  async token(): Promise<string> {
    const { granted } = this;
    return granted && granted.expiresAt - Date.now() > MARGIN_MS ? granted.token : this.refresh();
  }

  async renew(spent: string): Promise<string> {
    if (this.granted?.token === spent) this.granted = null;
    return this.token();
  }

  private refresh(): Promise<string> {
    this.renewal ??= navigator.locks
      .request(LOCK, () => http<Grant>({ method: "POST", path: "/api/v1/auth/refresh" }))
      .then(async (grant) => this.accept(await grant))
      .catch((error: unknown) => {
        if (error instanceof Problem && !error.passing) this.end(this.current.value.phase === "signed-in");
        throw error;
      })
      .finally(() => {
        this.renewal = null;
      });
    return this.renewal;
  }

  private accept({ access_token, expires_in, agent }: Grant): string {
    const before = this.current.value;
    // Someone else signed in in another tab, and the cookie is theirs now: nothing of this page may stay.
    if (before.phase === "signed-in" && before.agent.id !== agent.id) location.assign("/");
    this.granted = { token: access_token, expiresAt: Date.now() + expires_in * 1000 };
    if (before.phase !== "signed-in") this.current.value = { phase: "signed-in", agent };
    return access_token;
  }

  private end(expired: boolean): void {
    this.granted = null;
    this.current.value = { phase: "signed-out", expired };
  }
}
