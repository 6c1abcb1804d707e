import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../src/http/problem";
import { Session } from "../src/session/session";

const caro = { id: "caro", name: "Caro Agent", initials: "CA", email: "caro@example.com" };

/** The other tabs of the browser, all of them. */
class FakeChannel {
  static open: FakeChannel[] = [];
  onmessage: (() => void) | null = null;

  constructor() {
    FakeChannel.open.push(this);
  }

  postMessage(): void {
    for (const other of FakeChannel.open) if (other !== this) other.onmessage?.();
  }
}

let answers: Record<string, () => Response>;
let asked: string[];
let grants: number;

const grant = () => {
  grants += 1;
  return Response.json({ access_token: `token ${grants}`, expires_in: 900, agent: caro });
};
const refusal = (status: number, code: string, headers = {}) =>
  Response.json({ code, status }, { status, headers });

beforeEach(() => {
  vi.useFakeTimers();
  FakeChannel.open = [];
  asked = [];
  grants = 0;
  answers = {
    "/api/v1/auth/refresh": grant,
    "/api/v1/auth/login": grant,
    "/api/v1/auth/logout": () => new Response(null, { status: 204 }),
  };
  vi.stubGlobal("BroadcastChannel", FakeChannel);
  vi.stubGlobal("navigator", {
    locks: { request: (_: string, work: () => unknown) => Promise.resolve(work()) },
  });
  vi.stubGlobal("fetch", async (path: string) => {
    asked.push(path);
    return answers[path]?.();
  });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a session", () => {
  it("is taken up again from the browser's cookie", async () => {
    const session = new Session();
    await session.start();
    expect(session.state.value).toEqual({ phase: "signed-in", agent: caro });
  });

  it("begins with the sign-in when there is no cookie", async () => {
    answers["/api/v1/auth/refresh"] = () => refusal(401, "invalid_credentials");
    const session = new Session();
    await session.start();
    expect(session.state.value).toEqual({ phase: "signed-out", expired: false });
  });

  it("asks again while the server is away, and tells so meanwhile", async () => {
    answers["/api/v1/auth/refresh"] = () => new Response("<h1>502</h1>", { status: 502 });
    const session = new Session();
    await session.start();
    expect(session.state.value.phase).toBe("unreachable");
    answers["/api/v1/auth/refresh"] = grant;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(session.state.value.phase).toBe("signed-in");
  });

  it("tells how long to wait after too many attempts", async () => {
    answers["/api/v1/auth/login"] = () => refusal(429, "rate_limited", { "retry-after": "42" });
    const refused = await new Session().signIn("caro@example.com", "wrong").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Problem);
    expect(refused).toMatchObject({ code: "rate_limited", retryAfter: 42 });
  });

  it("ends in every tab at once", async () => {
    const [here, there] = [new Session(), new Session()];
    await here.start();
    await there.start();
    await here.signOut();
    expect(there.state.value).toEqual({ phase: "signed-out", expired: false });
  });
});

describe("the access token", () => {
  it("is used until shortly before it expires, then renewed", async () => {
    const session = new Session();
    await session.start();
    vi.advanceTimersByTime(800_000);
    expect(await session.token()).toBe("token 1");
    vi.advanceTimersByTime(50_000);
    expect(await session.token()).toBe("token 2");
  });

  it("is renewed once for all who find it refused", async () => {
    const session = new Session();
    await session.start();
    const renewed = await Promise.all([session.renew("token 1"), session.renew("token 1"), session.token()]);
    expect(renewed).toEqual(["token 2", "token 2", "token 2"]);
    expect(await session.renew("token 1")).toBe("token 2");
    expect(asked).toHaveLength(2);
  });

  it("ends the session when it cannot be renewed, and the agent is told", async () => {
    const session = new Session();
    await session.start();
    answers["/api/v1/auth/refresh"] = () => refusal(401, "invalid_credentials");
    await expect(session.renew("token 1")).rejects.toMatchObject({ status: 401 });
    expect(session.state.value).toEqual({ phase: "signed-out", expired: true });
  });

  it("outlives a server that is away for a while", async () => {
    const session = new Session();
    await session.start();
    answers["/api/v1/auth/refresh"] = () => new Response("", { status: 503 });
    await expect(session.renew("token 1")).rejects.toMatchObject({ status: 503 });
    expect(session.state.value.phase).toBe("signed-in");
  });
});
