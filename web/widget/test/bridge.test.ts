import { beforeEach, describe, expect, it, vi } from "vitest";
import { receive } from "../bridge";

const ORIGIN = "https://desk.example";
const frame = {} as MessageEventSource;
let deliver: (event: Partial<MessageEvent>) => void;
let taken: unknown[];

beforeEach(() => {
  taken = [];
  vi.stubGlobal("addEventListener", (_: string, listener: typeof deliver) => {
    deliver = listener;
  });
  receive(
    ORIGIN,
    () => frame,
    (message) => taken.push(message),
  );
});

describe("a message between host page and frame", () => {
  it("is taken from the other side", () => {
    deliver({ origin: ORIGIN, source: frame, data: { guichet: "close" } });
    expect(taken).toEqual([{ guichet: "close" }]);
  });

  it("is not taken from another window of the same origin", () => {
    deliver({ origin: ORIGIN, source: {} as MessageEventSource, data: { guichet: "close" } });
    expect(taken).toEqual([]);
  });

  it("is not taken from another origin in the same window", () => {
    deliver({ origin: "https://evil.example", source: frame, data: { guichet: "close" } });
    expect(taken).toEqual([]);
  });

  it("is not taken when it speaks of something else", () => {
    for (const data of [null, undefined, "close", { type: "close" }])
      deliver({ origin: ORIGIN, source: frame, data });
    expect(taken).toEqual([]);
  });
});
