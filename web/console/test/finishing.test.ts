import type { Request, RequestStatus } from "@guichet/shared/protocol";
import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { Finishing } from "../src/requests/finishing";
import { request, settled } from "./fakes";

interface Own {
  id: string;
  state: "sending" | "sent" | "refused";
}

function bench({ refuses = false } = {}) {
  const done: string[] = [];
  const opened: (string | null)[] = [];
  const kept: Record<string, string> = {};
  const place = { opened: "b" as string | null };
  const own = signal<readonly Own[]>([]);
  let rows = ["a", "b", "c"].map((id) => request(id, 1));
  const finishing = new Finishing({
    storage: {
      getItem: (key) => kept[key] ?? null,
      setItem: (key, value) => {
        kept[key] = value;
      },
    },
    owner: "caro",
    edits: {
      set: async (changed: Request, _: unknown, status: unknown) => {
        done.push(`${changed.id} v${changed.version} ${status}`);
        if (!refuses) rows = rows.filter(({ id }) => id !== changed.id);
        return !refuses;
      },
      closeConversation: async (id: string, status: RequestStatus) => {
        done.push(`${id} closed, ${status}`);
        return !refuses;
      },
    },
    read: async (id) => request(id, 1, { version: 7 }),
    shown: () => rows,
    opened: () => place.opened,
    open: (id) => opened.push(id),
    own,
  });
  return { finishing, done, opened, place, own, kept };
}

describe("closing a request", () => {
  it("stays there, unless the agent likes to go on to the next", async () => {
    const { finishing, done, opened, kept } = bench();
    await finishing.close(request("b", 1));
    expect([done, opened]).toEqual([["b v1 closed"], []]);
    finishing.moveOn(true);
    expect(kept).toEqual({ "guichet.moveOn.caro": "yes" });
  });

  it("goes on to the one below, though the row is gone by then, or above the last, or to none", async () => {
    const { finishing, opened, place } = bench();
    finishing.moveOn(true);
    for (const id of ["b", "c", "a"]) {
      place.opened = id;
      await finishing.close(request(id, 1));
    }
    expect(opened).toEqual(["c", "a", null]);
  });

  it("goes nowhere when it failed, or when another one was opened meanwhile", async () => {
    const failing = bench({ refuses: true });
    failing.finishing.moveOn(true);
    await failing.finishing.close(request("b", 1));
    const leaving = bench();
    leaving.finishing.moveOn(true);
    leaving.place.opened = "a";
    await leaving.finishing.close(request("b", 1));
    expect([failing.opened, leaving.opened]).toEqual([[], []]);
  });

  it("with its conversation goes on too, but not while the agent keeps working on it", async () => {
    const { finishing, done, opened } = bench();
    finishing.moveOn(true);
    await finishing.closeConversation(request("b", 1), "chat", "in_progress");
    expect(opened).toEqual([]);
    await finishing.closeConversation(request("b", 1), "chat", "pending");
    expect(done).toEqual(["chat closed, in_progress", "chat closed, pending"]);
    expect(opened).toEqual(["c"]);
  });
});

describe("sending and closing by chat", () => {
  it("closes when the server has the message, not before", async () => {
    const { finishing, done, own } = bench();
    own.value = [{ id: "m", state: "sending" }];
    finishing.afterMessage("b", "chat", "m", "closed");
    await settled();
    expect(done).toEqual([]);
    own.value = [{ id: "m", state: "sent" }];
    await settled();
    own.value = [];
    await settled();
    expect(done).toEqual(["chat closed, closed"]);
  });

  it("takes a message that the log shows already for sent", async () => {
    const { finishing, done, own } = bench();
    own.value = [{ id: "m", state: "sending" }];
    finishing.afterMessage("b", "chat", "m", "pending");
    own.value = [];
    await settled();
    expect(done).toEqual(["b v7 pending"]);
  });

  it("does not close after a message that was refused", async () => {
    const { finishing, done, own } = bench();
    own.value = [{ id: "m", state: "sending" }];
    finishing.afterMessage("b", "chat", "m", "closed");
    own.value = [{ id: "m", state: "refused" }];
    await settled();
    own.value = [];
    await settled();
    expect(done).toEqual([]);
  });
});

describe("sending and closing by e-mail", () => {
  it("closes the request as it is once the e-mail has left, and once only", async () => {
    const { finishing, done } = bench();
    finishing.afterEmail("b", "closed");
    expect(done).toEqual([]);
    finishing.emailSent("b");
    finishing.emailSent("b");
    await settled();
    expect(done).toEqual(["b v7 closed"]);
  });

  it("is forgotten when the e-mail was refused and then sent plainly", async () => {
    const { finishing, done } = bench();
    finishing.afterEmail("b", "closed");
    finishing.afterEmail("b", null);
    finishing.emailSent("b");
    await settled();
    expect(done).toEqual([]);
  });
});
