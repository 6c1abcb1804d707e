import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/http/api";
import { Problem } from "../src/http/problem";
import { Quarantine, type ReceivedMail } from "../src/quarantine/quarantine";
import { at, FakeApi } from "./fakes";

function mail(id: string, change: Partial<ReceivedMail> = {}): ReceivedMail {
  return {
    id,
    state: "quarantined",
    source: "smtp",
    reason: "parser_failed",
    detail: null,
    sender: "ada@example.org",
    subject: id,
    size: 812,
    received_at: at(0),
    ...change,
  };
}

const LIST = "GET /api/v1/mail/quarantine";

/** A quarantine with mails a and b on its first page, and c on its second. */
async function bench() {
  const api = new FakeApi();
  api.answers.set(LIST, ({ query }) =>
    query?.cursor
      ? { items: [mail("c")], next_cursor: null }
      : { items: [mail("a"), mail("b")], next_cursor: "2" },
  );
  const quarantine = new Quarantine(api as unknown as Api);
  await quarantine.load();
  return { api, quarantine, ids: () => quarantine.mails.value?.map(({ id }) => id) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the list of mails in quarantine", () => {
  it("grows by its pages", async () => {
    const { quarantine, ids } = await bench();
    expect([ids(), quarantine.more]).toEqual([["a", "b"], true]);
    await quarantine.loadMore();
    expect([ids(), quarantine.more]).toEqual([["a", "b", "c"], false]);
  });

  it("stays as it was read when it cannot be read again", async () => {
    const { api, quarantine, ids } = await bench();
    api.answers.set(LIST, () => {
      throw new Problem(503, "unavailable", "down");
    });
    await quarantine.load();
    expect(ids()).toEqual(["a", "b"]);
    expect(quarantine.problem.value?.code).toBe("unavailable");
  });
});

describe("a mail that is taken up again", () => {
  it.each(["processed", "duplicate"] as const)("leaves the list once it is %s", async (state) => {
    const { api, quarantine, ids } = await bench();
    api.answers.set("POST /api/v1/mail/quarantine/a/replay", () => mail("a", { state: "received" }));
    api.answers.set("GET /api/v1/mail/received/a", () => mail("a", { state }));
    const replayed = quarantine.replay(mail("a"));
    await vi.runAllTimersAsync();
    expect((await replayed).state).toBe(state);
    expect(ids()).toEqual(["b"]);
  });

  it("stays with its new reason when it fails again", async () => {
    const { api, quarantine, ids } = await bench();
    api.answers.set("POST /api/v1/mail/quarantine/a/replay", () => mail("a", { state: "received" }));
    api.answers.set("GET /api/v1/mail/received/a", () => mail("a", { reason: "infected" }));
    const replayed = quarantine.replay(mail("a"));
    await vi.runAllTimersAsync();
    await replayed;
    expect(ids()).toEqual(["a", "b"]);
    expect(quarantine.mails.value?.[0]?.reason).toBe("infected");
  });

  it("is not waited for for ever", async () => {
    const { api, quarantine } = await bench();
    api.answers.set("POST /api/v1/mail/quarantine/a/replay", () => mail("a", { state: "received" }));
    api.answers.set("GET /api/v1/mail/received/a", () => mail("a", { state: "received" }));
    const replayed = quarantine.replay(mail("a"));
    await vi.runAllTimersAsync();
    expect((await replayed).state).toBe("received");
  });
});
