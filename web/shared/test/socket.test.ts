import { beforeEach, describe, expect, it, vi } from "vitest";
import { GuichetSocket, type SocketState } from "../socket";
import { FakeWebSocket } from "./fakes";

let states: SocketState[];
let frames: { type: string }[];
let renewals: boolean[];
let network: { wake: () => void; offline: () => void };
let socket: GuichetSocket<{ type: string }, { type: string }>;
let token: (renew: boolean) => Promise<string>;

beforeEach(async () => {
  vi.useFakeTimers();
  FakeWebSocket.all = [];
  states = [];
  frames = [];
  renewals = [];
  token = async (renew) => (renew ? "second" : "first");
  socket = new GuichetSocket({
    url: "ws://desk.test/chat/v1/socket",
    token: (renew) => {
      renewals.push(renew);
      return token(renew);
    },
    onFrame: (frame) => frames.push(frame),
    onState: (state) => states.push(state),
    WebSocket: FakeWebSocket as unknown as typeof WebSocket,
    random: () => 1,
    signals: (callbacks) => {
      network = callbacks;
      return () => {};
    },
  });
  socket.open();
  await settle();
  return () => vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const ready = () => FakeWebSocket.last.says({ type: "ready" });
const connections = () => FakeWebSocket.all.length;

describe("connecting", () => {
  it("carries the token in the subprotocol, never in the address", () => {
    expect(FakeWebSocket.last.url).toBe("ws://desk.test/chat/v1/socket");
    expect(FakeWebSocket.last.protocols).toEqual(["guichet.v1", "bearer.first"]);
  });

  it("is open when the server says that it is ready, not before", () => {
    expect(socket.send({ type: "hello" })).toBe(false);
    ready();
    expect(states).toEqual(["connecting", "open"]);
    expect(socket.send({ type: "hello" })).toBe(true);
    expect(FakeWebSocket.last.sent).toEqual([{ type: "hello" }]);
    expect(frames).toEqual([{ type: "ready" }]);
  });

  it("gives up on a server that accepts and stays silent", async () => {
    await pass(10_000);
    expect(states.at(-1)).toBe("waiting");
    expect(FakeWebSocket.last.closedByClient).toBe(true);
  });
});

describe("a lost connection", () => {
  it("comes back after delays that double up to 15 s", async () => {
    for (const delay of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
      FakeWebSocket.last.dies();
      const before = connections();
      await pass(delay - 1);
      expect(connections()).toBe(before);
      await pass(1);
      expect(connections()).toBe(before + 1);
    }
  });

  it("starts from the shortest delay again once it was ready", async () => {
    FakeWebSocket.last.dies();
    await pass(500);
    ready();
    FakeWebSocket.last.dies();
    await pass(500);
    expect(connections()).toBe(3);
  });

  it("comes back at once when the browser says that the network is there", async () => {
    FakeWebSocket.last.dies();
    network.wake();
    await settle();
    expect(connections()).toBe(2);
  });

  it("is not waited for when the browser says that the network is away", () => {
    ready();
    network.offline();
    expect(states.at(-1)).toBe("waiting");
  });

  it("says no more: what a dropped socket still delivers is ignored", async () => {
    ready();
    const old = FakeWebSocket.last;
    network.offline();
    old.says({ type: "entry" });
    old.dies();
    expect(frames).toEqual([{ type: "ready" }]);
    await pass(500);
    expect(connections()).toBe(2);
  });

  it("is also one whose token could not be had", async () => {
    token = () => Promise.reject(new TypeError("network"));
    FakeWebSocket.last.dies();
    await pass(500);
    expect(states.at(-1)).toBe("waiting");
    token = async () => "third";
    await pass(1000);
    expect(FakeWebSocket.last.protocols).toEqual(["guichet.v1", "bearer.third"]);
  });
});

describe("the watchdog", () => {
  it("pings every 20 s and is content with an answer", async () => {
    ready();
    for (let round = 1; round <= 3; round += 1) {
      await pass(20_000);
      FakeWebSocket.last.says({ type: "pong" });
      expect(FakeWebSocket.last.sent).toHaveLength(round);
    }
    expect(socket.state).toBe("open");
    expect(frames).toEqual([{ type: "ready" }]);
  });

  it("takes a socket without an answer in 10 s for dead", async () => {
    ready();
    await pass(29_999);
    expect(socket.state).toBe("open");
    await pass(1);
    expect(socket.state).toBe("waiting");
  });

  it("asks at once when the page is looked at again", async () => {
    ready();
    network.wake();
    await settle();
    expect(FakeWebSocket.last.sent).toEqual([{ type: "ping" }]);
  });
});

describe("what the server says by closing", () => {
  it("4401 renews the token and connects at once, then like any failure", async () => {
    FakeWebSocket.last.dies(4401);
    await settle();
    expect(renewals).toEqual([false, true]);
    expect(FakeWebSocket.last.protocols).toEqual(["guichet.v1", "bearer.second"]);
    FakeWebSocket.last.dies(4401);
    await pass(999);
    expect(connections()).toBe(2);
    await pass(1);
    expect(connections()).toBe(3);
  });

  it("4403 ends it", async () => {
    FakeWebSocket.last.dies(4403);
    await pass(60_000);
    expect(socket.state).toBe("closed");
    expect(connections()).toBe(1);
  });

  it("4429 keeps it away for 30 s, whatever the browser says", async () => {
    FakeWebSocket.last.dies(4429);
    network.wake();
    await pass(29_999);
    expect(connections()).toBe(1);
    await pass(1);
    expect(connections()).toBe(2);
  });

  it("1012 brings it back within half a second, also after other failures", async () => {
    FakeWebSocket.last.dies();
    await pass(500);
    FakeWebSocket.last.dies();
    await pass(1000);
    FakeWebSocket.last.dies(1012);
    await pass(500);
    expect(connections()).toBe(4);
  });
});

describe("closing", () => {
  it("ends the connection and every attempt at another", async () => {
    ready();
    socket.close();
    await pass(60_000);
    expect(socket.state).toBe("closed");
    expect(FakeWebSocket.last.closedByClient).toBe(true);
    expect(connections()).toBe(1);
  });

  it("is obeyed by an attempt that still waits for its token", async () => {
    FakeWebSocket.last.dies();
    await vi.advanceTimersByTimeAsync(499);
    vi.advanceTimersByTime(1);
    socket.close();
    await settle();
    expect(connections()).toBe(1);
  });
});
