import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type PendingFile, Uploads } from "../src/files/uploads";
import type { Api } from "../src/http/api";
import type { Call } from "../src/http/http";
import { Problem } from "../src/http/problem";
import { settled } from "./fakes";

const SCOPE = "conversation:c";
const file = (name: string) => new File(["bytes"], name, { type: "text/plain" });

/** A file service whose uploads end when the test says so. */
function bench() {
  const sent: { name: string; id: string; signal: AbortSignal; end: (with_: object | Problem) => void }[] =
    [];
  const states: Record<string, object> = {};
  const asked: { path: string; body: unknown }[] = [];
  const refusal: { problem?: Problem } = {};
  const api: Pick<Api, "upload" | "call" | "get"> = {
    upload: ({ file: { name }, fields, signal }) =>
      new Promise((resolve, reject) => {
        const end = (outcome: object | Problem) =>
          outcome instanceof Problem
            ? reject(outcome)
            : resolve({ name, media_type: "text/plain", size: 5, ...outcome });
        signal.addEventListener("abort", () => reject(signal.reason));
        sent.push({ name, id: fields.id ?? "", signal, end });
      }),
    call: async <T>({ path, body }: Call) => {
      asked.push({ path, body });
      if (refusal.problem) throw refusal.problem;
      return { receipt: "new proof" } as T;
    },
    get: async <T>(path: string) => states[path.split("/").at(-2) ?? ""] as T,
  };
  const uploads = new Uploads(api);
  const told = (field: keyof PendingFile = "state") => uploads.of(SCOPE).value.map((one) => one[field]);
  return { sent, states, asked, refusal, uploads, told };
}
const ready = { state: "ready", receipt: "proof" };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("files for the next message", () => {
  it("are sent a few at a time, in the order chosen", async () => {
    const { sent, uploads, told } = bench();
    uploads.add(SCOPE, ["a", "b", "c", "d"].map(file));
    await settled();
    expect(sent.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(told()).toEqual(["uploading", "uploading", "uploading", "waiting"]);
    sent[0]?.end(ready);
    await settled();
    expect(sent.map(({ name }) => name)).toEqual(["a", "b", "c", "d"]);
  });

  it("leave with a message once they are ready, and those that are not stay", async () => {
    const { sent, uploads, told } = bench();
    uploads.add(SCOPE, [file("a"), file("b")]);
    await settled();
    sent[1]?.end(ready);
    await settled();
    expect(uploads.take(SCOPE)).toMatchObject([{ name: "b", receipt: "proof" }]);
    expect(told("name")).toEqual(["a"]);
  });

  it("wait for the virus scanner", async () => {
    const { sent, states, uploads, told } = bench();
    uploads.add(SCOPE, [file("a")]);
    await settled();
    states[sent[0]?.id ?? ""] = { name: "a", media_type: "text/plain", size: 5, ...ready };
    sent[0]?.end({ state: "checking", receipt: null });
    await settled();
    expect(told()).toEqual(["checking"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(told()).toEqual(["ready"]);
    expect(told("receipt")).toEqual(["proof"]);
  });

  it("can be cancelled on their way", async () => {
    const { sent, uploads, told } = bench();
    uploads.add(SCOPE, [file("a")]);
    await settled();
    uploads.remove(SCOPE, sent[0]?.id ?? "");
    await settled();
    expect(sent[0]?.signal.aborted).toBe(true);
    expect(told()).toEqual([]);
  });

  it("are sent again under the same id after a failure", async () => {
    const { sent, uploads, told } = bench();
    uploads.add(SCOPE, [file("a")]);
    await settled();
    sent[0]?.end(new Problem(503, "unavailable", "down"));
    await settled();
    expect(told()).toEqual(["failed"]);
    uploads.retry(SCOPE, sent[0]?.id ?? "");
    await settled();
    expect(sent[1]?.id).toBe(sent[0]?.id);
    sent[1]?.end(ready);
    await settled();
    expect(told()).toEqual(["ready"]);
  });

  it("get new receipts when a refused message is taken back", async () => {
    const { sent, uploads, told } = bench();
    uploads.putBack(SCOPE, [{ id: "f", name: "a", media_type: "text/plain", size: 5 }]);
    await settled();
    expect(told("receipt")).toEqual(["new proof"]);
    expect(sent).toEqual([]);
  });

  it("of a template are not uploaded again: a receipt for the conversation is asked for", async () => {
    const { sent, asked, refusal, uploads, told } = bench();
    refusal.problem = new Problem(503, "unavailable", "down");
    uploads.copy(SCOPE, { id: "f", name: "retours.pdf", media_type: "application/pdf", size: 5 });
    await settled();
    expect(told()).toEqual(["failed"]);
    delete refusal.problem;
    uploads.retry(SCOPE, "f");
    await settled();
    expect(uploads.take(SCOPE)).toMatchObject([{ id: "f", name: "retours.pdf", receipt: "new proof" }]);
    expect(asked.at(-1)).toEqual({ path: "/api/v1/attachments/f/receipts", body: { scope: SCOPE } });
    expect(sent).toEqual([]);
  });
});
