import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { Api } from "./api";
import { readAll } from "./pages";
import { Problem } from "./problem";

export interface Kept {
  id: string;
  position: number;
  version: number;
}

/** What administrators keep and agents choose from, in the administrators' order: templates, reasons. */
export class Catalogue<Item extends Kept> {
  private readonly current = signal<readonly Item[] | null>(null);
  private readonly failed = signal<Problem | null>(null);
  /** Null until it was read. */
  readonly items: ReadonlySignal<readonly Item[] | null> = this.current;
  readonly problem: ReadonlySignal<Problem | null> = this.failed;

  constructor(
    private readonly api: Api,
    private readonly path: string,
  ) {}

  /** Reads it, also again; when that fails, what was read before stays. */
  async load(): Promise<void> {
    try {
      const items = await readAll<Item>(this.api, this.path);
      batch(() => {
        this.current.value = items.sort((a, b) => a.position - b.position);
        this.failed.value = null;
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.failed.value = error;
    }
  }

  /** At the end of the order. @throws Problem */
  async add(body: object): Promise<void> {
    await this.api.call({ method: "POST", path: this.path, body });
    await this.load();
  }

  /** @throws Problem 412 when somebody else changed it since it was read */
  async change({ id, version }: Kept, change: object): Promise<void> {
    await this.api.call({
      method: "PATCH",
      path: `${this.path}/${id}`,
      body: change,
      headers: { "if-match": `"${version}"` },
    });
    await this.load();
  }

  /** @throws Problem */
  async remove({ id, version }: Kept): Promise<void> {
    await this.api.call({
      method: "DELETE",
      path: `${this.path}/${id}`,
      headers: { "if-match": `"${version}"` },
    });
    await this.load();
  }

  /** One place up (-1) or down (1). Positions may have gaps or be shared: only those that are wrong are written. */
  async move(item: Item, step: -1 | 1): Promise<void> {
    const order = [...(this.current.value ?? [])];
    const from = order.findIndex(({ id }) => id === item.id);
    order.splice(from + step, 0, ...order.splice(from, 1));
    for (const [position, kept] of order.entries())
      if (kept.position !== position) await this.change(kept, { position });
  }
}
