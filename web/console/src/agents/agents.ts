import type { Agent } from "@guichet/shared/protocol";
import type { Api } from "../http/api";

/** The directory of agents, read when it is first needed and again when it may have changed. */
export class Agents {
  private known: Promise<Agent[]> | null = null;
  private readAt = 0;

  constructor(private readonly api: Api) {}

  /** @throws Problem when it cannot be read; the next call asks again */
  list(): Promise<Agent[]> {
    if (!this.known || Date.now() - this.readAt > FRESH_MS) {
      this.readAt = Date.now();
      this.known = this.readAll();
      this.known.catch(() => {
        this.known = null;
      });
    }
    return this.known;
  }

  private async readAll(): Promise<Agent[]> {
    const agents: Agent[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: Agent[]; next_cursor: string | null } = await this.api.get("/api/v1/agents", {
        limit: 200,
        cursor,
      });
      agents.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return agents;
  }
}

const FRESH_MS = 60_000;
