import { describe, expect, it } from "vitest";
import type { Call } from "../src/http/http";
import { Problem } from "../src/http/problem";
import { NewRequest } from "../src/requests/new_request";
import { FakeApi, FakeStorage, request } from "./fakes";

const ADA = { id: "ada", name: "Ada Lovelace", email: "ada@example.org" };

/** A service that makes a request of each id once, and what the agent fills in. */
function bench() {
  const api = new FakeApi();
  const storage = new FakeStorage();
  const made = new Map<string, object>();
  const sent = new Map<string, object>();
  api.answers.set("POST /api/v1/requests", ({ body }: Call) => {
    const { id, ...fields } = body as { id: string };
    if (!made.has(id)) made.set(id, fields);
    return request(id, 0, { channel: "manual", number: 1042 });
  });
  const fresh = () => new NewRequest(api, storage, "caro");
  const form = fresh();
  const emails = `POST /api/v1/requests/${form.draft.requestId}/emails`;
  api.answers.set(emails, ({ body }: Call) => {
    const { id, ...email } = body as { id: string };
    sent.set(id, email);
  });
  /** Answers the next call to `path` by a failure, before or after the service did its work. */
  const fail = (path: string, problem: Problem, when: "before" | "after" = "before") => {
    const answer = api.answers.get(path);
    api.answers.set(path, (call) => {
      if (answer) api.answers.set(path, answer);
      if (when === "after") answer?.(call);
      throw problem;
    });
  };
  return { made, sent, fail, fresh, form, emails };
}

const UNREACHABLE = new Problem(0, "unreachable", "no answer");

describe("a request made by hand", () => {
  it("has what was filled in, and nothing else", async () => {
    const { form, made } = bench();
    form.set({ subject: " Une lampe ", text: " A appelé. ", contact: ADA, assignee_id: "caro" });
    expect(await form.make()).toMatchObject({ number: 1042 });
    expect([...made.values()]).toEqual([
      { subject: "Une lampe", priority: "low", contact_id: "ada", assignee_id: "caro", text: "A appelé." },
    ]);
  });

  it("begins with an e-mail instead of a note", async () => {
    const { form, made, sent } = bench();
    form.set({ subject: "Une lampe", first: "email", text: "Bonjour", contact: ADA });
    await form.make();
    expect([...made.values()]).toEqual([{ subject: "Une lampe", priority: "low", contact_id: "ada" }]);
    expect([...sent.values()]).toEqual([{ subject: "Une lampe", text: "Bonjour" }]);
  });

  it("waits quietly until its contact is known to the requests", async () => {
    const { form, fail, made } = bench();
    fail("POST /api/v1/requests", new Problem(409, "contact_not_known_yet", "not yet"));
    form.set({ subject: "Une lampe", contact: ADA });
    expect(await form.make()).not.toBeNull();
    expect(form.problem.value).toBeNull();
    expect(made.size).toBe(1);
  });

  it("leaves an empty form for the next one", async () => {
    const { form, fresh } = bench();
    form.set({ subject: "Une lampe" });
    const { requestId } = form.draft;
    await form.make();
    expect(form.draft.fields.subject).toBe("");
    expect(form.draft.requestId).not.toBe(requestId);
    expect(fresh().draft.fields.subject).toBe("");
  });
});

describe("a request that failed", () => {
  it("is made once, though the answer to the first attempt was lost", async () => {
    const { form, fail, made } = bench();
    form.set({ subject: "Une lampe" });
    fail("POST /api/v1/requests", UNREACHABLE, "after");
    expect(await form.make()).toBeNull();
    expect(form.unsure).toBe(true);
    await form.make();
    expect(made.size).toBe(1);
  });

  it("sends its e-mail once, though the answer to the first attempt was lost", async () => {
    const { form, fail, made, sent, emails } = bench();
    form.set({ subject: "Une lampe", first: "email", text: "Bonjour", contact: ADA });
    fail(emails, UNREACHABLE, "after");
    expect(await form.make()).toBeNull();
    expect(form.draft.made).toMatchObject({ number: 1042 });
    await form.make();
    expect([made.size, sent.size]).toEqual([1, 1]);
  });

  it("can be mended where the service refused it", async () => {
    const { form, fail, made } = bench();
    form.set({ subject: "Une lampe", reason_id: "gone" });
    fail("POST /api/v1/requests", new Problem(422, "validation_failed", "no such reason"));
    expect(await form.make()).toBeNull();
    expect(form.unsure).toBe(false);
    form.set({ reason_id: null });
    await form.make();
    expect([...made.values()]).toEqual([{ subject: "Une lampe", priority: "low" }]);
  });

  it("is kept through a reload, with its ids", async () => {
    const { form, fail, fresh, made } = bench();
    form.set({ subject: "Une lampe" });
    fail("POST /api/v1/requests", UNREACHABLE, "after");
    await form.make();
    const reloaded = fresh();
    expect(reloaded.draft.fields.subject).toBe("Une lampe");
    await reloaded.make();
    expect(made.size).toBe(1);
  });
});
