import { beforeEach, describe, expect, it, vi } from "vitest";
import { memory } from "../memory";
import { type FileServer, MOST, Tray } from "../tray";
import type { UploadAnswer } from "../upload";
import { FakeStorage } from "./fakes";

/** Answers when the test says so. */
class FakeServer implements FileServer {
  sent: { id: string; name: string; signal: AbortSignal; answers: (answer: UploadAnswer) => void }[] = [];
  statuses: UploadAnswer[] = [];
  asked: string[] = [];

  send(
    file: File,
    id: string,
    onProgress: (sent: number) => void,
    signal: AbortSignal,
  ): Promise<UploadAnswer> {
    onProgress(0.5);
    return new Promise((answers, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      this.sent.push({ id, name: file.name, signal, answers });
    });
  }

  async status(id: string): Promise<UploadAnswer> {
    this.asked.push(id);
    return this.statuses.shift() ?? { status: 503, body: {} };
  }
}

let server: FakeServer;
let storage: FakeStorage;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  storage = new FakeStorage();
  return () => vi.useRealTimers();
});

const open = () =>
  new Tray(
    server,
    memory(() => storage, "guichet:demo:"),
    () => {},
  );
const file = (name: string) => new File(["bonjour"], name, { type: "text/plain" });
const ready = (name: string): UploadAnswer => ({
  status: 201,
  body: { name, media_type: "text/plain", size: 7, state: "ready", receipt: `receipt of ${name}` },
});
const refusal = (status: number, code: string): UploadAnswer => ({ status, body: { code } });

async function answer(index: number, answer: UploadAnswer): Promise<void> {
  server.sent[index]?.answers(answer);
  await vi.advanceTimersByTimeAsync(0);
}

async function accepted(...names: string[]): Promise<Tray> {
  const tray = open();
  tray.add(names.map(file));
  for (const [index, name] of names.entries()) await answer(index, ready(name));
  return tray;
}

describe("a file", () => {
  it("tells how far it is, then that it is ready", async () => {
    const tray = open();
    tray.add([file("a.txt")]);
    expect(tray.files).toMatchObject([{ name: "a.txt", state: "sending", progress: 0.5 }]);
    await answer(0, ready("a.txt"));
    expect(tray.files).toMatchObject([{ state: "ready", receipt: "receipt of a.txt" }]);
  });

  it("is called back when it is removed on its way", async () => {
    const tray = open();
    tray.add([file("a.txt")]);
    tray.remove(tray.files[0]?.id ?? "");
    await vi.advanceTimersByTimeAsync(0);
    expect(server.sent[0]?.signal.aborted).toBe(true);
    expect(tray.files).toEqual([]);
  });

  it.each([
    [refusal(413, "too_large"), "too_large"],
    [refusal(422, "infected"), "infected"],
    [refusal(503, "whatever"), "unavailable"],
    [{ status: 0, body: {} }, "offline"],
    [{ status: 404, body: {} }, "refused"],
  ])("that is refused with %j says %s", async (refused, code) => {
    const tray = open();
    tray.add([file("a.txt")]);
    await answer(0, refused);
    expect(tray.files).toMatchObject([{ state: "refused", code }]);
  });

  it("is the same one for the server when it is sent again", async () => {
    const tray = open();
    tray.add([file("a.txt")]);
    await answer(0, { status: 0, body: {} });
    tray.retryAll();
    expect(server.sent[1]?.id).toBe(server.sent[0]?.id);
    await answer(1, ready("a.txt"));
    expect(tray.files).toMatchObject([{ state: "ready" }]);
  });

  it("that can never be taken is not sent again when the connection is back", async () => {
    const tray = open();
    tray.add([file("a.exe")]);
    await answer(0, refusal(415, "type_not_allowed"));
    tray.retryAll();
    expect(server.sent).toHaveLength(1);
  });

  it("waits for the virus scanner, and asks until it has spoken", async () => {
    const tray = open();
    tray.add([file("a.txt")]);
    await answer(0, { status: 201, body: { state: "checking", receipt: null } });
    expect(tray.files).toMatchObject([{ state: "waiting" }]);
    server.statuses = [refusal(503, "unavailable"), { status: 200, body: { receipt: null } }, ready("a.txt")];
    await vi.advanceTimersByTimeAsync(9_000);
    expect(tray.files).toMatchObject([{ state: "ready" }]);
    expect(server.asked).toHaveLength(3);
  });

  it("in which the scanner finds something is refused then", async () => {
    const tray = open();
    tray.add([file("a.txt")]);
    await answer(0, { status: 201, body: { state: "checking", receipt: null } });
    server.statuses = [refusal(422, "infected")];
    await vi.advanceTimersByTimeAsync(3_000);
    expect(tray.files).toMatchObject([{ state: "refused", code: "infected" }]);
  });

  it("too many is left out, and it is told", () => {
    const tray = open();
    tray.add(Array.from({ length: MOST + 1 }, (_, index) => file(`${index}.txt`)));
    expect(tray.files).toHaveLength(MOST);
    expect(tray.tooMany).toBe(true);
  });
});

describe("a message", () => {
  it("takes the files that are ready, and leaves the refused ones", async () => {
    const tray = await accepted("a.txt");
    tray.add([file("b.exe")]);
    await answer(1, refusal(415, "type_not_allowed"));
    expect(tray.take()).toMatchObject({
      receipts: ["receipt of a.txt"],
      attachments: [{ name: "a.txt", media_type: "text/plain", size: 7 }],
    });
    expect(tray.files).toMatchObject([{ name: "b.exe" }]);
    expect(tray.sendable).toBe(false);
    expect(tray.take()).toEqual({});
  });

  it("waits until all its files are ready, also for the connection", async () => {
    const send = vi.fn();
    const tray = open();
    tray.add([file("a.txt"), file("b.txt")]);
    expect(tray.keepsWaiting(send)).toBe(true);
    await answer(0, ready("a.txt"));
    await answer(1, { status: 0, body: {} });
    expect([tray.awaited, send.mock.calls.length]).toEqual([true, 0]);
    tray.retryAll();
    await answer(2, ready("b.txt"));
    expect(send).toHaveBeenCalledOnce();
    expect(tray.awaited).toBe(false);
  });

  it("does not leave without a file that was refused meanwhile", async () => {
    const send = vi.fn();
    const tray = open();
    tray.add([file("a.txt")]);
    tray.keepsWaiting(send);
    await answer(0, refusal(413, "too_large"));
    expect([tray.awaited, send.mock.calls.length]).toEqual([false, 0]);
  });

  it("does not leave by itself when the visitor goes on writing", async () => {
    const send = vi.fn();
    const tray = open();
    tray.add([file("a.txt")]);
    tray.keepsWaiting(send);
    tray.keepsWaiting(undefined);
    await answer(0, ready("a.txt"));
    expect(send).not.toHaveBeenCalled();
  });
});

describe("a reload", () => {
  it("keeps the files that are ready, and no others", async () => {
    const tray = await accepted("a.txt");
    tray.add([file("b.txt")]);
    expect(open().files).toMatchObject([{ name: "a.txt", state: "ready", receipt: "receipt of a.txt" }]);
    tray.take();
    expect(open().files).toEqual([]);
  });
});
