import type { Agent } from "@guichet/shared/protocol";
import { containsWords } from "../words/folded";

/** Active agents whose name or address contains each typed word; oneself first, then by name. */
export function findAgents(agents: readonly Agent[], typed: string, me: string): Agent[] {
  return agents
    .filter((agent) => agent.active)
    .filter((agent) => containsWords(`${agent.name} ${agent.email}`, typed))
    .sort((a, b) => Number(b.id === me) - Number(a.id === me) || a.name.localeCompare(b.name));
}

/** Whether they may do what touches many contacts or requests at once; the services check it too. */
export function isManager({ role }: Pick<Agent, "role">): boolean {
  return role !== "agent";
}
