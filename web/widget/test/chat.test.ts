import { memory } from "@guichet/shared/memory";
import type { CustomerReceived, Entry } from "@guichet/shared/protocol";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { closing, FakeStorage, FakeWebSocket, message } from "../../shared/test/fakes";
import { Chat } from "../frame/chat";
import { Session } from "../frame/session";

let storage: FakeStorage;
let siteIsKnown: boolean;
let renewed: string[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeWebSocket);
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("document", new EventTarget());
  vi.stubGlobal("fetch", async () =>
    Response.json(siteIsKnown ? { token: "t" } : {}, { status: siteIsKnown ? 200 : 404 }),
  );
  FakeWebSocket.all = [];
  storage = new FakeStorage();
  siteIsKnown = true;
  renewed = [];
  return () => vi.useRealTimers();
});

function open(): Chat {
  const words = memory(() => storage, "guichet:demo:");
  return new Chat({
    session: new Session("demo", words, () => {}),
    renew: (message) => renewed.push(message.id),
    memory: words,
    outbox: { storage, prefix: "guichet:demo:pending:" },
    url: "ws://desk.test/chat/v1/socket",
    onChange: () => {},
  });
}

async function connect(
  chat: Chat,
  conversation: { id: string; state: "open" | "closed"; last_seq: number } | null,
) {
  chat.start();
  await vi.advanceTimersByTimeAsync(15_000);
  says({ type: "ready", visitor_id: "v1", conversation });
}

const says = (frame: CustomerReceived) => FakeWebSocket.last.says(frame);
const entry = (entry: Entry) => says({ type: "entry", ...entry });
const sent = (type: string) => FakeWebSocket.last.sent.filter((frame) => frame.type === type);
const posts = () =>
  sent("message.post") as { type: string; id: string; text: string; conversation_id?: string }[];
const refuse = (id: string) => says({ type: "error", ref: id, code: "conversation_closed", detail: "" });
const accept = (id: string, conversation_id: string, seq: number) =>
  says({ type: "message.accepted", id, conversation_id, seq, at: "2026-01-05T10:00:00.000Z" });

const OPEN = { id: "c1", state: "open", last_seq: 1 } as const;
const CLOSED = { id: "c1", state: "closed", last_seq: 2 } as const;

describe("a message", () => {
  it("names no conversation before there is one", async () => {
    const chat = open();
    await connect(chat, null);
    chat.post("Bonjour");
    expect(posts()).toEqual([{ type: "message.post", id: chat.own[0]?.id, text: "Bonjour" }]);
  });

  it("names the open conversation", async () => {
    const chat = open();
    await connect(chat, OPEN);
    entry(message(1));
    chat.post("Bonjour");
    expect(posts()[0]).toMatchObject({ conversation_id: "c1" });
  });

  it("written before the connection leaves when it is there", async () => {
    const chat = open();
    chat.post("Bonjour");
    await connect(chat, null);
    expect(posts().map(({ text }) => text)).toEqual(["Bonjour"]);
  });

  it("is shown once, whether the acknowledgement or the entry comes first", async () => {
    const chat = open();
    await connect(chat, null);
    chat.post("Bonjour");
    const id = chat.own[0]?.id ?? "";
    accept(id, "c1", 1);
    expect(chat.own).toMatchObject([{ id, state: "sent" }]);
    entry(message(1, { id }));
    expect(chat.own).toEqual([]);
    accept(id, "c1", 1);
    expect(chat.entries).toHaveLength(1);
    expect(chat.own).toEqual([]);
  });
});

describe("coming back", () => {
  it("reads each conversation on from its cursor", async () => {
    const chat = open();
    await connect(chat, OPEN);
    expect(sent("sync")).toEqual([{ type: "sync", conversation_id: "c1", after_seq: 0 }]);
    entry(message(1));
    FakeWebSocket.last.dies();
    await connect(chat, { ...OPEN, last_seq: 3 });
    expect(sent("sync")).toEqual([{ type: "sync", conversation_id: "c1", after_seq: 1 }]);
  });

  it("asks nothing more of a conversation whose closing was read", async () => {
    const chat = open();
    await connect(chat, CLOSED);
    entry(message(1));
    entry(closing(2));
    FakeWebSocket.last.dies();
    await connect(chat, CLOSED);
    expect(sent("sync")).toEqual([]);
  });

  it("on another page shows the earlier conversations too", async () => {
    const before = open();
    await connect(before, CLOSED);
    entry(message(1, { conversation_id: "c2" }));
    const after = open();
    await connect(after, { id: "c2", state: "open", last_seq: 1 });
    expect(sent("sync")).toEqual([
      { type: "sync", conversation_id: "c1", after_seq: 0 },
      { type: "sync", conversation_id: "c2", after_seq: 0 },
    ]);
  });

  it("as another visitor forgets what was not theirs", async () => {
    const chat = open();
    await connect(chat, OPEN);
    entry(message(1));
    says({ type: "ready", visitor_id: "v2", conversation: null });
    expect(chat.entries).toEqual([]);
    expect(open().active).toBe(false);
  });

  it("asks again when the server could not answer a sync", async () => {
    const chat = open();
    await connect(chat, OPEN);
    says({ type: "error", ref: null, code: "unavailable", detail: "" });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent("sync")).toHaveLength(2);
  });
});

describe("a closing", () => {
  it("that happened while the visitor was away is learnt on coming back", async () => {
    const chat = open();
    await connect(chat, OPEN);
    entry(message(1));
    FakeWebSocket.last.dies();
    chat.looking = true;
    await connect(chat, CLOSED);
    expect(chat.closed).toBe(false);
    entry(closing(2));
    expect(chat.closed).toBe(true);
    expect(chat.active).toBe(false);
  });

  it("refuses a late message visibly, and writing again sends it to a new conversation", async () => {
    const chat = open();
    await connect(chat, OPEN);
    entry(message(1));
    chat.post("trop tard");
    const late = posts()[0];
    entry(closing(2));
    refuse(late?.id ?? "");
    expect(chat.own).toMatchObject([{ state: "refused", code: "conversation_closed" }]);
    chat.writeAgain();
    expect(chat.closed).toBe(false);
    expect(posts()[1]).toMatchObject({ text: "trop tard" });
    expect(posts()[1]).not.toHaveProperty("conversation_id");
    expect(posts()[1]?.id).not.toBe(late?.id);
  });

  it("leaves its messages on the screen when the next conversation begins", async () => {
    const chat = open();
    await connect(chat, CLOSED);
    entry(message(1));
    entry(closing(2));
    chat.writeAgain();
    chat.post("encore moi");
    accept(chat.own[0]?.id ?? "", "c2", 1);
    entry(message(1, { conversation_id: "c2", id: chat.own[0]?.id ?? "" }));
    expect(chat.entries.map(({ conversation_id, seq }) => `${conversation_id}:${seq}`)).toEqual([
      "c1:1",
      "c1:2",
      "c2:1",
    ]);
    expect(chat.closed).toBe(false);
  });

  it("lets a refused message be given up", async () => {
    const chat = open();
    await connect(chat, OPEN);
    entry(message(1));
    chat.post("trop tard");
    refuse(chat.own[0]?.id ?? "");
    chat.discardRefused();
    expect(chat.own).toEqual([]);
  });
});

describe("what there is to stay connected for", () => {
  it("is an open conversation, or a message on its way", async () => {
    const chat = open();
    expect(chat.active).toBe(false);
    chat.post("Bonjour");
    expect(chat.active).toBe(true);
    await connect(chat, null);
    entry(message(1, { id: chat.own[0]?.id ?? "" }));
    expect(chat.active).toBe(true);
  });

  it("is not known before an earlier conversation was read again", async () => {
    const before = open();
    await connect(before, OPEN);
    const after = open();
    expect(after.active).toBeNull();
    await connect(after, OPEN);
    entry(message(1));
    expect(after.active).toBe(true);
  });
});

describe("unread messages", () => {
  it("are the agents' since the visitor last looked, and looking reads them", async () => {
    const chat = open();
    await connect(chat, OPEN);
    entry(message(1, { author: { kind: "visitor", id: "v1", name: null } }));
    entry(message(2));
    entry(message(3));
    expect(chat.unread).toBe(2);
    chat.looking = true;
    expect(chat.unread).toBe(0);
    expect(sent("read")).toEqual([{ type: "read", conversation_id: "c1", seq: 3 }]);
  });

  it("stay read on the next page, and are read in the other tab", async () => {
    const chat = open();
    await connect(chat, OPEN);
    entry(message(1));
    entry(message(2));
    says({ type: "read", conversation_id: "c1", reader: "visitor", seq: 1 });
    expect(chat.unread).toBe(1);
    const next = open();
    await connect(next, OPEN);
    entry(message(1));
    expect(next.unread).toBe(0);
  });
});

describe("the draft", () => {
  it("is there again on the next page, until it is sent", () => {
    const chat = open();
    chat.typed("Bonj");
    expect(open().draft).toBe("Bonj");
    chat.typed("");
    expect(open().draft).toBe("");
  });
});

describe("typing", () => {
  const agent = { kind: "agent", id: "a1", name: "Caro" } as const;

  it("of the agent is shown until it stops, writes, or is silent for 6 s", async () => {
    const chat = open();
    await connect(chat, OPEN);
    const starts = () => says({ type: "typing", conversation_id: "c1", author: agent, on: true });
    starts();
    expect(chat.typist?.name).toBe("Caro");
    says({ type: "typing", conversation_id: "c1", author: agent, on: false });
    expect(chat.typist).toBeNull();
    starts();
    entry(message(1));
    expect(chat.typist).toBeNull();
    starts();
    vi.advanceTimersByTime(6_000);
    expect(chat.typist).toBeNull();
  });

  it("of the visitor is repeated every 3 s, and taken back with the draft", async () => {
    const chat = open();
    await connect(chat, OPEN);
    entry(message(1));
    chat.typed("B");
    chat.typed("Bo");
    vi.advanceTimersByTime(3_001);
    chat.typed("Bon");
    chat.typed("");
    expect(sent("typing")).toEqual([
      { type: "typing", on: true },
      { type: "typing", on: true },
      { type: "typing", on: false },
    ]);
  });
});

describe("a page that may not carry the widget", () => {
  it("is told, and no more is tried", async () => {
    siteIsKnown = false;
    const chat = open();
    chat.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(chat.unavailable).toBe(true);
    expect(FakeWebSocket.all).toEqual([]);
  });
});

describe("a message with files", () => {
  const FILES = {
    receipts: ["receipt"],
    attachments: [{ id: "f1", name: "a.txt", media_type: "text/plain", size: 7 }],
  };

  it("survives a reload with them, and is sent again as it was", async () => {
    const chat = open();
    chat.post("", FILES);
    const again = open();
    expect(again.own).toMatchObject([{ text: "", ...FILES }]);
    await connect(again, null);
    expect(posts()).toMatchObject([{ id: chat.own[0]?.id, receipts: ["receipt"] }]);
    expect(posts()[0]).not.toHaveProperty("attachments");
  });

  it("whose receipts are not taken asks for new ones; one without files does not", async () => {
    const chat = open();
    await connect(chat, null);
    chat.post("", FILES);
    chat.post("text");
    const [first] = posts();
    says({ type: "error", ref: first?.id ?? null, code: "invalid_frame", detail: "" });
    const second = posts()[1];
    says({ type: "error", ref: second?.id ?? null, code: "invalid_frame", detail: "" });
    expect(renewed).toEqual([first?.id]);
  });
});

describe("who the visitor is", () => {
  it("may be asked once they have written, until they have answered or declined", async () => {
    const chat = open();
    await connect(chat, null);
    expect(chat.mayAskWho).toBe(false);
    chat.post("Bonjour");
    expect(chat.mayAskWho).toBe(true);
    chat.doNotAsk();
    expect([chat.mayAskWho, open().mayAskWho]).toEqual([false, false]);
  });

  it("when the site says so, is a reason to connect anew, once", async () => {
    const chat = open();
    await connect(chat, null);
    const before = FakeWebSocket.all.length;
    for (let times = 0; times < 2; times += 1) chat.identify("signed");
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeWebSocket.all).toHaveLength(before + 1);
  });
});
