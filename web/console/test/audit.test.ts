import { translator } from "@guichet/shared/i18n";
import { describe, expect, it } from "vitest";
import { type AuditEntry, AuditTrail, EVERYTHING, KINDS } from "../src/audit/audit";
import { tellAction, tellDetail } from "../src/audit/audit_text";
import type { Api } from "../src/http/api";
import { Problem } from "../src/http/problem";
import { en } from "../src/words/en";
import { fr } from "../src/words/fr";
import { at, FakeApi } from "./fakes";

const LIST = "GET /api/v1/audit";

function entry(id: string): AuditEntry {
  return {
    id,
    at: at(0),
    action: "session.begun",
    actor: { kind: "agent", id: "ida", name: "Ida" },
    address: "192.0.2.7",
    subject_id: null,
    detail: {},
  };
}

function bench() {
  const api = new FakeApi();
  const trail = new AuditTrail(api as unknown as Api);
  return { api, trail, ids: () => trail.entries.value?.map(({ id }) => id) };
}

describe("the audit trail", () => {
  it("grows by its pages, and begins again with another filter", async () => {
    const { api, trail, ids } = bench();
    api.answers.set(LIST, ({ query }) =>
      query?.cursor ? { items: [entry("b")], next_cursor: null } : { items: [entry("a")], next_cursor: "2" },
    );
    await trail.load();
    await trail.loadMore();
    expect([ids(), trail.more]).toEqual([["a", "b"], false]);
    await trail.load({ ...EVERYTHING, kind: "agent" });
    expect([ids(), trail.more]).toEqual([["a"], true]);
  });

  it("asks for whole days, the last one included", async () => {
    const { api, trail } = bench();
    const asked: unknown[] = [];
    api.answers.set(LIST, ({ query }) => {
      asked.push([query?.from, query?.until]);
      return { items: [], next_cursor: null };
    });
    await trail.load({ ...EVERYTHING, from: "2026-03-28", until: "2026-03-29" });
    const first = new Date(2026, 2, 28).toISOString();
    expect(asked).toEqual([[first, new Date(2026, 2, 30).toISOString()]]);
  });

  it("shows the answer to the filter chosen last, though an earlier one is answered after it", async () => {
    const { api, trail, ids } = bench();
    let answerFirst = (_page: unknown) => {};
    api.answers.set(LIST, ({ query }) =>
      query?.action
        ? { items: [entry("new")], next_cursor: null }
        : new Promise((done) => (answerFirst = done)),
    );
    const first = trail.load();
    await trail.load({ ...EVERYTHING, kind: "agent" });
    answerFirst({ items: [entry("old")], next_cursor: null });
    await first;
    expect([ids(), trail.loading.value]).toEqual([["new"], false]);
  });

  it("stays as it was read when it cannot be read again", async () => {
    const { api, trail, ids } = bench();
    api.answers.set(LIST, () => ({ items: [entry("a")], next_cursor: null }));
    await trail.load();
    api.answers.set(LIST, () => {
      throw new Problem(503, "unavailable", "down");
    });
    await trail.load();
    expect([ids(), trail.problem.value?.code]).toEqual([["a"], "unavailable"]);
  });
});

describe("an entry in words", () => {
  const t = translator({ fr, en }, "fr");

  it("says what was done, and names what it does not know as the service does", () => {
    expect(tellAction("agent.changed", t)).toBe("Compte modifié");
    expect(tellAction("robot.built", t)).toBe("robot.built");
  });

  it.each([
    [{ name: "Bob", role: "agent → admin" }, "« Bob », rôle : conseiller → administrateur"],
    [{ active: "true → false" }, "accès retiré"],
    [{ active: "false → true" }, "accès rendu"],
    [{ how: "second_factor" }, "par mot de passe et second facteur"],
    [{ why: "too_many" }, "trop d’essais"],
    [{ how: "magic" }, "magic"],
    [{}, ""],
  ])("says how: %j", (detail, text) => {
    expect(tellDetail(detail, t)).toBe(text);
  });

  it("has a name for every kind that the list can be narrowed to", () => {
    for (const kind of KINDS) expect(t(`audit.kind.${kind}`)).not.toContain("audit.");
  });
});
