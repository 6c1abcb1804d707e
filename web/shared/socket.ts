/** A WebSocket that stays connected: it renews its token, notices when it is dead, and comes back with a growing delay. */

export type SocketState = "connecting" | "open" | "waiting" | "closed";

interface Frame {
  type: string;
}

export interface SocketOptions<Received extends Frame> {
  /** `ws:` or `wss:` address. */
  url: string;
  /**
   * Gives the bearer token. `renew` is true when the server has just refused the last one (4401). A rejection
   * counts as a failed attempt; to give up for good (signed out), call `close()` first.
   */
  token: (renew: boolean) => Promise<string>;
  onFrame: (frame: Received) => void;
  onState: (state: SocketState) => void;
  /** Only tests give these. */
  WebSocket?: typeof WebSocket;
  random?: () => number;
  signals?: NetworkSignals;
}

/** Calls back when the browser has a reason to think that the network changed; returns how to stop listening. */
export type NetworkSignals = (on: { wake: () => void; offline: () => void }) => () => void;

const FIRST_DELAY = 500;
const LONGEST_DELAY = 15_000;
const PENALTY_DELAY = 30_000;
const PING_EVERY = 20_000;
const PONG_WITHIN = 10_000;

const BAD_TOKEN = 4401;
const BAD_ORIGIN = 4403;
const TOO_MUCH_TRAFFIC = 4429;
const SERVER_RESTARTS = 1012;

export class GuichetSocket<Received extends Frame, Sent extends Frame> {
  #options: SocketOptions<Received>;
  #socket: WebSocket | null = null;
  #state: SocketState = "closed";
  #failures = 0;
  #renew = false;
  #penalised = false;
  /** Grows with each attempt, so that what belongs to an earlier one is recognised and ignored. */
  #attempt = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;
  #pongTimer: ReturnType<typeof setTimeout> | undefined;
  #stopListening: () => void = () => {};

  constructor(options: SocketOptions<Received>) {
    this.#options = options;
  }

  get state(): SocketState {
    return this.#state;
  }

  /** Connects, and stays connected until `close()`. */
  open(): void {
    if (this.#state !== "closed") return;
    this.#stopListening = (this.#options.signals ?? browserSignals)({
      wake: () => this.#wake(),
      offline: () => this.#state === "open" && this.#lost(),
    });
    void this.#connect();
  }

  close(): void {
    this.#stopListening();
    this.#drop();
    this.#enter("closed");
  }

  /** Sends when the server is ready; otherwise false, and the caller keeps what it had to say. */
  send(frame: Sent): boolean {
    if (this.#state !== "open") return false;
    this.#socket?.send(JSON.stringify(frame));
    return true;
  }

  async #connect(): Promise<void> {
    this.#drop();
    const attempt = this.#attempt;
    this.#enter("connecting");
    let token: string;
    try {
      token = await this.#options.token(this.#renew);
    } catch {
      // The token could not be had: for this loop that is one more way of not being connected.
      if (attempt === this.#attempt) this.#lost();
      return;
    }
    if (attempt !== this.#attempt) return;
    this.#renew = false;

    const socket = new (this.#options.WebSocket ?? WebSocket)(this.#options.url, [
      "guichet.v1",
      `bearer.${token}`,
    ]);
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(event.code);
    // A server that accepts and then says nothing is as dead as one that does not answer.
    this.#pongTimer = setTimeout(() => this.#lost(), PONG_WITHIN);
  }

  #receive(frame: Received): void {
    clearTimeout(this.#pongTimer);
    if (frame.type === "pong") return;
    if (frame.type === "ready") {
      this.#failures = 0;
      this.#ping(PING_EVERY);
      this.#enter("open");
    }
    this.#options.onFrame(frame);
  }

  #closed(code: number): void {
    switch (code) {
      case BAD_TOKEN:
        this.#renew = true;
        // Once at once; when the new token is refused too, like any other failure.
        this.#lost(this.#failures === 0 ? 0 : undefined);
        break;
      case BAD_ORIGIN:
        this.close();
        break;
      case TOO_MUCH_TRAFFIC:
        this.#penalised = true;
        this.#lost(PENALTY_DELAY);
        break;
      case SERVER_RESTARTS:
        this.#lost(this.#jitter(FIRST_DELAY));
        break;
      default:
        this.#lost();
    }
  }

  #lost(delay = this.#jitter(Math.min(FIRST_DELAY * 2 ** this.#failures, LONGEST_DELAY))): void {
    this.#drop();
    this.#failures += 1;
    this.#enter("waiting");
    this.#retryTimer = setTimeout(() => {
      this.#penalised = false;
      void this.#connect();
    }, delay);
  }

  /** Full jitter: many clients that lost the same server do not come back together. */
  #jitter(delay: number): number {
    return (this.#options.random ?? Math.random)() * delay;
  }

  #wake(): void {
    if (this.#state === "waiting" && !this.#penalised) void this.#connect();
    else if (this.#state === "open") this.#ping(0);
  }

  #ping(delay: number): void {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => {
      this.#socket?.send('{"type":"ping"}');
      clearTimeout(this.#pongTimer);
      this.#pongTimer = setTimeout(() => this.#lost(), PONG_WITHIN);
      this.#ping(PING_EVERY);
    }, delay);
  }

  /** Lets go of the present socket without waiting for its closing handshake, which a dead network never ends. */
  #drop(): void {
    this.#attempt += 1;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#pongTimer);
    if (!this.#socket) return;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  #enter(state: SocketState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}

const browserSignals: NetworkSignals = ({ wake, offline }) => {
  const listening = new AbortController();
  const { signal } = listening;
  const seen = () => document.visibilityState === "visible" && wake();
  addEventListener("online", wake, { signal });
  addEventListener("offline", offline, { signal });
  document.addEventListener("visibilitychange", seen, { signal });
  return () => listening.abort();
};
