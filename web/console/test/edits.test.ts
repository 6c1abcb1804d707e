import { translator } from "@guichet/shared/i18n";
import type { Request } from "@guichet/shared/protocol";
import { signal } from "@preact/signals";
import { describe, expect, it, vi } from "vitest";
import { Asker } from "../src/app/asker";
import { Toasts } from "../src/app/toasts";
import type { Api } from "../src/http/api";
import type { Call } from "../src/http/http";
import { Problem } from "../src/http/problem";
import { Edits } from "../src/requests/edits";
import { en } from "../src/words/en";
import { fr } from "../src/words/fr";
import { FakeApi, request, settled } from "./fakes";

const alex = { id: "alex", name: "Alex Martin", initials: "AM" };

/** A service that holds one request, and refuses stale changes as the real one does. */
function bench(held: Request) {
  const api = new FakeApi();
  const asker = new Asker();
  const toasts = new Toasts();
  const told: Request[] = [];
  const server = { request: held };
  const save = (change: Partial<Request>) => {
    server.request = { ...server.request, ...change, version: server.request.version + 1 };
    return server.request;
  };
  api.answers.set("PATCH /api/v1/requests/r", ({ body, headers }: Call) => {
    if (headers?.["if-match"] !== `"${server.request.version}"`) {
      throw new Problem(412, "stale", "stale", { current: server.request });
    }
    return save(body as Partial<Request>);
  });
  api.answers.set("PUT /api/v1/requests/r/assignee", ({ body }: Call) => {
    const { agent_id, take_over } = body as { agent_id: string; take_over?: boolean };
    const { assignee } = server.request;
    if (assignee && assignee.id !== agent_id && !take_over) {
      throw new Problem(409, "already_assigned", "taken", { assignee });
    }
    return save({ assignee: { id: agent_id, name: agent_id, initials: "" } });
  });
  const edits = new Edits({
    api: api as unknown as Api,
    asker,
    toasts,
    t: signal(translator({ fr, en }, "fr")),
    reasonName: (id) => `reason ${id}`,
    changed: (changed) => told.push(changed),
  });
  return { api, asker, toasts, told, server, edits, save };
}

describe("a change in place", () => {
  it("is shown while it is on its way, and saved against the version that was seen", async () => {
    const { edits, server, told } = bench(request("r", 1));
    const saving = edits.set(server.request, "priority", "high");
    expect(edits.shown(server.request).priority).toBe("high");
    await saving;
    expect(edits.pending.value).toBeNull();
    expect(told.at(-1)).toMatchObject({ priority: "high", version: 2 });
  });

  it("can be undone", async () => {
    const { edits, server, toasts } = bench(request("r", 1));
    await edits.set(server.request, "priority", "high");
    toasts.shown.value[0]?.undo?.();
    await settled();
    expect(server.request.priority).toBe("low");
  });

  it("goes through without a question when only other things changed meanwhile", async () => {
    const { edits, server, asker, save } = bench(request("r", 1));
    const seen = server.request;
    save({ preview: "Encore un message" });
    await edits.set(seen, "priority", "high");
    expect(server.request.priority).toBe("high");
    expect(asker.question.value).toBeNull();
  });

  it("asks before it goes over another agent's change, and shows what that is", async () => {
    const { edits, server, asker, told, save } = bench(request("r", 1));
    const seen = server.request;
    save({ priority: "medium" });
    const saving = edits.set(seen, "priority", "high");
    await settled();
    expect(asker.question.value?.text).toContain("« Moyenne »");
    expect(told.at(-1)?.priority).toBe("medium");
    asker.question.value?.answer(true);
    await saving;
    expect(server.request.priority).toBe("high");
  });

  it("leaves another agent's change when told so", async () => {
    const { edits, server, asker, save } = bench(request("r", 1));
    const seen = server.request;
    save({ priority: "medium" });
    const saving = edits.set(seen, "priority", "high");
    await settled();
    asker.question.value?.answer(false);
    await saving;
    expect(server.request.priority).toBe("medium");
  });

  it("says so when it could not be saved, and shows the old value again", async () => {
    const { api, edits, server, toasts } = bench(request("r", 1));
    api.answers.set("PATCH /api/v1/requests/r", () => {
      throw new Problem(503, "unavailable", "down");
    });
    await edits.set(server.request, "priority", "high");
    expect(edits.shown(server.request).priority).toBe("low");
    expect(toasts.shown.value[0]).toMatchObject({ tone: "failed", text: fr["problem.unavailable"] });
  });
});

describe("taking a request", () => {
  it("says who was faster, and leaves it to them unless told otherwise", async () => {
    const { edits, server, asker, save } = bench(request("r", 1));
    const seen = server.request;
    save({ assignee: alex });
    const taking = edits.assign(seen, "caro");
    await settled();
    expect(asker.question.value?.text).toContain("Alex Martin");
    asker.question.value?.answer(false);
    await taking;
    expect(server.request.assignee).toEqual(alex);
  });

  it("takes it over when told so", async () => {
    const { edits, server, asker, save } = bench(request("r", 1));
    const seen = server.request;
    save({ assignee: alex });
    const taking = edits.assign(seen, "caro");
    await settled();
    asker.question.value?.answer(true);
    await taking;
    expect(server.request.assignee?.id).toBe("caro");
  });
});

describe("linking a contact", () => {
  const ada = { id: "ada", name: "Ada Lovelace" };
  const path = "PUT /api/v1/requests/r/contact";

  it("is tried again while the requests do not know the new contact yet", async () => {
    vi.useFakeTimers();
    const { api, edits, server, told, save } = bench(request("r", 1));
    let refusals = 2;
    api.answers.set(path, () => {
      if (refusals > 0) {
        refusals -= 1;
        throw new Problem(409, "contact_not_known_yet", "not yet");
      }
      return save({ contact: { ...ada, email: null } });
    });
    const linking = edits.link(server.request, ada);
    await vi.advanceTimersByTimeAsync(1_000);
    await linking;
    expect(told.at(-1)?.contact?.id).toBe("ada");
    vi.useRealTimers();
  });

  it("gives up after five seconds, and says so", async () => {
    vi.useFakeTimers();
    const { api, edits, server, toasts } = bench(request("r", 1));
    api.answers.set(path, () => {
      throw new Problem(409, "contact_not_known_yet", "not yet");
    });
    const linking = edits.link(server.request, ada);
    await vi.advanceTimersByTimeAsync(5_000);
    await linking;
    expect(toasts.shown.value[0]).toMatchObject({ text: fr["problem.contact_not_known_yet"] });
    vi.useRealTimers();
  });

  it("can be undone", async () => {
    const { api, edits, server, toasts, save } = bench(request("r", 1));
    api.answers.set(path, () => save({ contact: { ...ada, email: null } }));
    api.answers.set("DELETE /api/v1/requests/r/contact", () => save({ contact: null }));
    await edits.link(server.request, ada);
    toasts.shown.value[0]?.undo?.();
    await settled();
    expect(server.request.contact).toBeNull();
  });
});
