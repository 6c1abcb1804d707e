import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Asking } from "../frame/after/asking";

interface Call {
  path: string;
  token: string;
  body: { id: string; email?: string; work?: { challenge: string; number: number } };
}

let calls: Call[];
let statuses: (number | "offline")[];
let refusal: object;
let asking: Asking;

beforeEach(() => {
  calls = [];
  statuses = [];
  refusal = { code: "rate_limited" };
  vi.stubGlobal("fetch", async (path: string, { headers, body }: { headers: HeadersInit; body: string }) => {
    calls.push({ path, token: new Headers(headers).get("authorization") ?? "", body: JSON.parse(body) });
    const status = statuses.shift() ?? 202;
    if (status === "offline") throw new TypeError("Failed to fetch");
    return new Response(status === 429 ? JSON.stringify(refusal) : null, { status });
  });
  vi.spyOn(console, "warn").mockImplementation(() => {});
  asking = new Asking("conversation-1", "fr", { token: async (renew) => (renew ? "renewed" : "kept") });
});

describe("asking for a conversation by e-mail", () => {
  it("needs no address where one is known", async () => {
    expect(await asking.ask("")).toBe("sent");
    expect(calls).toEqual([
      {
        path: "/chat/v1/conversations/conversation-1/transcript",
        token: "Bearer kept",
        body: { id: expect.any(String), language: "fr" },
      },
    ]);
  });

  it("learns that an address is wanted, and sends it then", async () => {
    statuses = [422, 202];
    expect(await asking.ask("")).toBe("wanted");
    expect(await asking.ask("ada@example.org")).toBe("sent");
    expect(calls[1]?.body.email).toBe("ada@example.org");
  });

  it("tells a bad address from none", async () => {
    statuses = [422];
    expect(await asking.ask("ada@")).toBe("badEmail");
  });

  it("keeps its id after an answer that was lost, but not for another address", async () => {
    statuses = ["offline", 202, 202];
    expect(await asking.ask("ada@example.org")).toBe("failed");
    await asking.ask("ada@example.org");
    await asking.ask("ada@example.net");
    const [first, second, third] = calls.map(({ body }) => body.id);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it("renews the visitor's token once when it is not taken any more", async () => {
    statuses = [401, 202];
    expect(await asking.ask("")).toBe("sent");
    expect(calls.map(({ token }) => token)).toEqual(["Bearer kept", "Bearer renewed"]);
  });

  it("does the work that is asked for where many share one address, and asks once more", async () => {
    refusal = { code: "work_required", challenge: "signed", bits: 8 };
    statuses = [429, 202];
    expect(await asking.ask("ada@example.org")).toBe("sent");
    const { id, work } = calls[1]?.body ?? {};
    expect(id).toBe(calls[0]?.body.id);
    const digest = createHash("sha256").update(`signed:${work?.number}`).digest();
    expect([work?.challenge, digest[0]]).toEqual(["signed", 0]);
    statuses = [429, 429];
    expect(await asking.ask("ada@example.org")).toBe("tooMany");
  });

  it.each([
    [429, "tooMany"],
    [404, "gone"],
    [409, "gone"],
    [503, "failed"],
  ])("says of an answer %i: %s", async (status, told) => {
    statuses = [status];
    expect(await asking.ask("")).toBe(told);
  });
});
