import { beforeEach, describe, expect, it, vi } from "vitest";
import { Outbox } from "../outbox";
import type { PostFrame } from "../protocol";
import { FakeStorage, message } from "./fakes";

/** An outbox on a connection that the test can cut, with everything that left through it. */
function outboxOn(storage: FakeStorage, connected = true) {
  const wire = { connected, sent: [] as PostFrame[] };
  const outbox = new Outbox({
    storage,
    prefix: "guichet:demo:pending:",
    send: (frame) => {
      if (wire.connected) wire.sent.push(frame);
      return wire.connected;
    },
    onChange: () => {},
  });
  return { outbox, wire, texts: () => wire.sent.map((frame) => frame.text) };
}

const accepted = (id: string) =>
  ({ type: "message.accepted", id, conversation_id: "c1", seq: 1, at: "2026-01-05T10:00:00.000Z" }) as const;
const error = (ref: string, code: "conversation_closed" | "unavailable") =>
  ({ type: "error", ref, code, detail: "" }) as const;

let storage: FakeStorage;
beforeEach(() => {
  storage = new FakeStorage();
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe("a message that is posted", () => {
  it("is stored before it is sent", () => {
    let storedAtSending = 0;
    const outbox = new Outbox({
      storage,
      prefix: "p:",
      send: () => {
        storedAtSending = storage.length;
        return true;
      },
      onChange: () => {},
    });
    outbox.post("Bonjour");
    expect(storedAtSending).toBe(1);
  });

  it("stays on the screen as sent, and leaves the storage, once the server has it", () => {
    const { outbox } = outboxOn(storage);
    const { id } = outbox.post("Bonjour");
    outbox.accepted(accepted(id));
    expect(outbox.messages).toMatchObject([{ text: "Bonjour", state: "sent" }]);
    expect(storage.length).toBe(0);
  });

  it("is gone when its entry is in the log, also when the acknowledgement was lost", () => {
    const { outbox } = outboxOn(storage);
    const { id } = outbox.post("Bonjour");
    outbox.logged(message(1, { id }));
    expect(outbox.messages).toEqual([]);
    expect(storage.length).toBe(0);
  });

  it("can be written when the storage is full", () => {
    storage.refusing = true;
    const { outbox, texts } = outboxOn(storage);
    outbox.post("Bonjour");
    outbox.resume();
    expect(outbox.messages).toHaveLength(1);
    expect(texts()).toEqual(["Bonjour", "Bonjour"]);
  });
});

describe("a message without an answer", () => {
  it("is sent again on the next connection with the same id and the same conversation", () => {
    const { outbox, wire } = outboxOn(storage);
    outbox.post("Bonjour", { conversation_id: "c1" });
    outbox.pause();
    outbox.resume();
    expect(wire.sent).toHaveLength(2);
    expect(wire.sent[1]).toEqual(wire.sent[0]);
    expect(wire.sent[1]).toMatchObject({ conversation_id: "c1" });
  });

  it("is sent again after a reload of the page", () => {
    const before = outboxOn(storage, false);
    const { id } = before.outbox.post("Bonjour", { conversation_id: "c1", receipts: ["r"] });
    const after = outboxOn(storage);
    after.outbox.resume();
    expect(after.wire.sent).toEqual([
      { type: "message.post", id, text: "Bonjour", conversation_id: "c1", receipts: ["r"] },
    ]);
  });

  it("is sent again on the same connection after 10 s", () => {
    const { outbox, texts } = outboxOn(storage);
    outbox.post("Bonjour");
    vi.advanceTimersByTime(10_000);
    expect(texts()).toEqual(["Bonjour", "Bonjour"]);
  });
});

describe("several messages", () => {
  it("leave one after the other, so that none overtakes an earlier one", () => {
    const { outbox, texts } = outboxOn(storage);
    const [first, second] = ["un", "deux", "trois"].map((text) => outbox.post(text));
    expect(texts()).toEqual(["un"]);
    outbox.accepted(accepted(first?.id ?? ""));
    expect(texts()).toEqual(["un", "deux"]);
    outbox.logged(message(2, { id: second?.id ?? "" }));
    expect(texts()).toEqual(["un", "deux", "trois"]);
  });

  it("written without a connection leave in the order written", () => {
    const { outbox, wire, texts } = outboxOn(storage, false);
    const written = ["un", "deux", "trois"].map((text) => outbox.post(text));
    wire.connected = true;
    outbox.resume();
    for (const { id } of written) outbox.accepted(accepted(id));
    expect(texts()).toEqual(["un", "deux", "trois"]);
  });

  it("for different conversations do not wait for each other", () => {
    const { outbox, texts } = outboxOn(storage);
    outbox.post("ici", { conversation_id: "c1" });
    outbox.post("ailleurs", { conversation_id: "c2" });
    expect(texts()).toEqual(["ici", "ailleurs"]);
  });
});

describe("a refusal", () => {
  it("for good is told, kept over a reload, and lets the next message go", () => {
    const { outbox, texts } = outboxOn(storage);
    const { id } = outbox.post("trop tard", { conversation_id: "c1" });
    outbox.post("encore", { conversation_id: "c1" });
    outbox.refused(error(id, "conversation_closed"));
    expect(texts()).toEqual(["trop tard", "encore"]);
    const reloaded = outboxOn(storage);
    reloaded.outbox.resume();
    expect(reloaded.outbox.messages[0]).toMatchObject({ state: "refused", code: "conversation_closed" });
    expect(reloaded.texts()).toEqual(["encore"]);
  });

  it("that passes is tried again before anything later is sent", () => {
    const { outbox, texts } = outboxOn(storage);
    const { id } = outbox.post("un");
    outbox.post("deux");
    outbox.refused(error(id, "unavailable"));
    expect(texts()).toEqual(["un"]);
    vi.advanceTimersByTime(2_000);
    expect(texts()).toEqual(["un", "un"]);
  });

  it("can be answered by writing the message anew, with another id", () => {
    const { outbox, wire } = outboxOn(storage);
    const { id } = outbox.post("trop tard", { conversation_id: "c1" });
    outbox.refused(error(id, "conversation_closed"));
    outbox.rewrite(id);
    expect(wire.sent[1]).toMatchObject({ text: "trop tard" });
    expect(wire.sent[1]).not.toHaveProperty("conversation_id");
    expect(wire.sent[1]?.id).not.toBe(id);
    expect(outbox.messages).toHaveLength(1);
  });

  it("can be discarded", () => {
    const { outbox } = outboxOn(storage);
    const { id } = outbox.post("trop tard", { conversation_id: "c1" });
    outbox.refused(error(id, "conversation_closed"));
    outbox.discard(id);
    expect(outbox.messages).toEqual([]);
    expect(storage.length).toBe(0);
  });
});

describe("two tabs on one storage", () => {
  it("keep each other's messages", () => {
    const [left, right] = [outboxOn(storage, false), outboxOn(storage, false)];
    left.outbox.post("à gauche");
    right.outbox.post("à droite");
    const later = outboxOn(storage);
    expect(later.outbox.messages.map((own) => own.text).sort()).toEqual(["à droite", "à gauche"]);
  });

  it("send what a closed tab left behind", () => {
    const [left, right] = [outboxOn(storage, false), outboxOn(storage)];
    left.outbox.post("à gauche");
    right.outbox.resume();
    expect(right.texts()).toEqual(["à gauche"]);
  });

  it("do not send what the other has seen through", () => {
    const left = outboxOn(storage);
    const { id } = left.outbox.post("à gauche");
    const right = outboxOn(storage);
    left.outbox.accepted(accepted(id));
    right.outbox.resume();
    expect(right.texts()).toEqual([]);
    expect(right.outbox.messages).toEqual([]);
  });
});
