import type { Agent } from "@guichet/shared/protocol";
import { describe, expect, it } from "vitest";
import { findAgents } from "../src/agents/agent";

const agent = (id: string, name: string, active = true): Agent => ({
  id,
  name,
  initials: "",
  email: `${id}@example.com`,
  role: "agent",
  active,
  available: true,
});
const agents = [agent("zoe", "Zoé Lefèvre"), agent("caro", "Caro Agent"), agent("alex", "Alex Martin")];
const names = (typed: string) => findAgents(agents, typed, "caro").map(({ id }) => id);

describe("the search for an agent", () => {
  it("lists oneself first, then the others by name", () => {
    expect(names("")).toEqual(["caro", "alex", "zoe"]);
  });

  it("ignores accents and case, and takes words in any order", () => {
    expect(names("LEFEVRE zo")).toEqual(["zoe"]);
  });

  it("finds by address too", () => {
    expect(names("alex@")).toEqual(["alex"]);
  });

  it("leaves out who has left", () => {
    expect(findAgents([agent("gone", "Gone", false)], "", "caro")).toEqual([]);
  });
});
