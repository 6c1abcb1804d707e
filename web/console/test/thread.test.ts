import type { OwnMessage } from "@guichet/shared/outbox";
import type { AgentSent, Entry } from "@guichet/shared/protocol";
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/http/api";
import { Thread } from "../src/timeline/thread";
import { entry, FakeApi, item, request, settled } from "./fakes";

const TIMELINE = "GET /api/v1/requests/r/timeline";

function bench(held = request("r", 1)) {
  const api = new FakeApi();
  const sent: AgentSent[] = [];
  const own = signal<readonly OwnMessage[]>([]);
  const send = (frame: AgentSent) => sent.push(frame) > 0;
  api.answers.set("GET /api/v1/requests/r", () => held);
  api.answers.set(TIMELINE, () => ({ items: [], next_cursor: null }));
  const thread = new Thread("r", { api: api as unknown as Api, send, own });
  const receive = (...entries: Entry[]) => {
    for (const one of entries) thread.receive({ type: "entry", ...one });
  };
  const synced = (last_seq: number) =>
    thread.receive({ type: "synced", conversation_id: "conversation", last_seq });
  return { api, sent, own, thread, receive, synced };
}
const texts = (thread: Thread) => thread.items.value.map(({ text }) => text);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("an open request", () => {
  it("subscribes to its conversation and shows the replay when it is whole", async () => {
    const { thread, sent, receive, synced } = bench();
    thread.open(undefined);
    await settled();
    expect(sent).toContainEqual({ type: "subscribe", conversation_id: "conversation", after_seq: 0 });
    receive(entry(1), entry(2));
    expect(texts(thread)).toEqual([]);
    synced(2);
    expect(texts(thread)).toEqual(["message 1", "message 2"]);
    receive(entry(3));
    expect(texts(thread)).toHaveLength(3);
  });

  it("goes on after the last entry it has when the socket is back", async () => {
    const { thread, sent, receive, synced } = bench();
    thread.open(request("r", 1));
    receive(entry(1), entry(2));
    synced(2);
    thread.resume();
    expect(sent.at(-1)).toEqual({ type: "subscribe", conversation_id: "conversation", after_seq: 2 });
  });

  it("follows the request to its next conversation", async () => {
    const { thread, sent } = bench();
    thread.open(request("r", 1));
    await settled();
    const next = { id: "next", state: "open", last_seq: 1 } as const;
    thread.changed(request("r", 2, { version: 2, conversation: next }));
    expect(sent.slice(-2)).toEqual([
      { type: "unsubscribe", conversation_id: "conversation" },
      { type: "subscribe", conversation_id: "next", after_seq: 0 },
    ]);
  });

  it("is closed for writing as soon as the log says so", async () => {
    const { thread, receive, synced } = bench();
    thread.open(request("r", 1));
    synced(0);
    receive({ ...entry(1), kind: "closed", request_status: "pending" } as Entry);
    expect(thread.conversation.value?.state).toBe("closed");
  });

  it("tells once that a letter was seen, while the request counts unread ones", async () => {
    const { api, thread } = bench(request("r", 1, { unread: 1 }));
    const letter = item("mail", 1, { kind: "email", channel: "email" });
    api.answers.set(TIMELINE, () => ({ items: [letter, item("said", 0)], next_cursor: null }));
    api.answers.set("PUT /api/v1/requests/r/read", () => request("r", 1, { version: 2, unread: 0 }));
    thread.open(undefined);
    await settled();
    thread.markRead();
    thread.markRead();
    await settled();
    const marked = api.calls.filter(({ method }) => method === "PUT");
    expect(marked.map(({ body }) => body)).toEqual([{ timeline_id: "mail" }]);
    expect(thread.request.value?.unread).toBe(0);
  });

  it("reads its history again when it changed, once more when it changed meanwhile", async () => {
    const { api, thread } = bench();
    thread.open(request("r", 1));
    await settled();
    const before = api.calls.length;
    for (const version of [2, 3, 4]) thread.changed(request("r", 1, { version }));
    await settled();
    expect(api.calls.length - before).toBe(2);
  });

  it("tells of a history that could not be read, and shows it once it can be", async () => {
    const { api, thread } = bench();
    const { Problem } = await import("../src/http/problem");
    api.answers.set(TIMELINE, () => {
      throw new Problem(503, "unavailable", "down");
    });
    thread.open(request("r", 1));
    await settled();
    expect(thread.historyState.value).toBe("failed");
    api.answers.set(TIMELINE, () => ({ items: [item("note", 1, { kind: "note" })], next_cursor: null }));
    await thread.reload();
    expect(thread.historyState.value).toBe("ready");
    expect(texts(thread)).toEqual(["note"]);
  });
});

describe("reading and typing", () => {
  it("says once what was read", () => {
    const { thread, sent, receive, synced } = bench();
    thread.open(request("r", 1));
    receive(entry(1), entry(2));
    synced(2);
    thread.markRead();
    thread.markRead();
    expect(sent.filter(({ type }) => type === "read")).toEqual([
      { type: "read", conversation_id: "conversation", seq: 2 },
    ]);
  });

  it("shows who is typing until they write, or for six seconds", () => {
    const { thread, receive } = bench();
    thread.open(request("r", 1));
    const author = { kind: "visitor", id: "visitor", name: null } as const;
    const types = () => thread.receive({ type: "typing", conversation_id: "conversation", author, on: true });
    types();
    expect(thread.typing.value).toEqual([author]);
    receive(entry(1));
    expect(thread.typing.value).toEqual([]);
    types();
    vi.advanceTimersByTime(6_000);
    expect(thread.typing.value).toEqual([]);
  });
});

describe("own messages", () => {
  const message: OwnMessage = {
    id: "message 2",
    text: "En route",
    conversation_id: "conversation",
    written_at: 0,
    state: "sending",
  };

  it("stand at the end until the log has them", () => {
    const { thread, own, receive, synced } = bench();
    thread.open(request("r", 1));
    own.value = [message, { ...message, id: "elsewhere", conversation_id: "another request's" }];
    synced(0);
    receive(entry(1));
    expect(thread.unsettled.value.map(({ id }) => id)).toEqual(["message 2"]);
    receive(entry(2));
    expect(thread.unsettled.value).toEqual([]);
  });
});
