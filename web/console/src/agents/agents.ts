import type { Agent } from "@guichet/shared/protocol";
import type { Api } from "../http/api";
import { readAll } from "../http/pages";

/** The directory of agents, read when it is first needed and again when it may have changed. */
export class Agents {
  private known: Promise<Agent[]> | null = null;
  private readAt = 0;

  constructor(private readonly api: Api) {}

  /** @throws Problem when it cannot be read; the next call asks again */
  list(): Promise<Agent[]> {
    if (!this.known || Date.now() - this.readAt > FRESH_MS) {
      this.readAt = Date.now();
      this.known = readAll<Agent>(this.api, "/api/v1/agents");
      this.known.catch(() => {
        this.known = null;
      });
    }
    return this.known;
  }
}

const FRESH_MS = 60_000;
