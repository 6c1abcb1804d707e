import type { Agent } from "@guichet/shared/protocol";

/** Lower case without accents: "Zoé" is found by "zoe". */
function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Active agents whose name or address contains each typed word; oneself first, then by name. */
export function findAgents(agents: readonly Agent[], typed: string, me: string): Agent[] {
  const words = folded(typed).split(/\s+/).filter(Boolean);
  return agents
    .filter((agent) => agent.active)
    .filter((agent) => words.every((word) => folded(`${agent.name} ${agent.email}`).includes(word)))
    .sort((a, b) => Number(b.id === me) - Number(a.id === me) || a.name.localeCompare(b.name));
}
