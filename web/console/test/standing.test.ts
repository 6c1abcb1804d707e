import type { OwnMessage } from "@guichet/shared/outbox";
import { describe, expect, it } from "vitest";
import { standings } from "../src/timeline/standing";
import { item } from "./fakes";

const caro = { kind: "agent", id: "caro", name: "Caro Agent" } as const;
const said = (id: string, seq: number) => item(id, seq, { author: caro, direction: "outbound", seq });
const written = (id: string, state: OwnMessage["state"] = "sending", code?: string): OwnMessage => ({
  id,
  text: id,
  written_at: 0,
  state,
  ...(code && { code }),
});
const online = { me: "caro", seenSeq: 0, connected: true };

describe("how own messages stand", () => {
  it("is told under the last one only", () => {
    const found = standings([said("a", 1), item("theirs", 2), said("b", 3)], [], online);
    expect([...found]).toEqual([
      ["a", { state: "sent", told: false }],
      ["b", { state: "sent", told: true }],
    ]);
  });

  it("is seen up to the visitor's read mark", () => {
    const found = standings([said("a", 1), said("b", 3)], [], { ...online, seenSeq: 2 });
    expect([...found.values()].map(({ state }) => state)).toEqual(["seen", "sent"]);
  });

  it("is waiting, not sending, while there is no connection", () => {
    expect(standings([], [written("a")], online).get("a")?.state).toBe("sending");
    expect(standings([], [written("a")], { ...online, connected: false }).get("a")?.state).toBe("waiting");
  });

  it("is told under every refused one, with the reason", () => {
    const found = standings([], [written("a", "refused", "conversation_closed"), written("b")], online);
    expect(found.get("a")).toEqual({ state: "refused", told: true, code: "conversation_closed" });
    expect(found.get("b")?.told).toBe(true);
  });

  it("says nothing of other agents' messages and of notes", () => {
    const note = item("note", 1, { author: caro, kind: "note" });
    const alex = item("alex", 2, { author: { ...caro, id: "alex" }, direction: "outbound" });
    expect(standings([note, alex], [], online).size).toBe(0);
  });
});
