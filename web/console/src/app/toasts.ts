import { type ReadonlySignal, signal } from "@preact/signals";
import type { Route } from "./route";

export interface Toast {
  id: number;
  text: string;
  tone: "done" | "failed";
  undo?: () => void;
  /** Where what was done can be seen. */
  link?: Partial<Route>;
}

const SHOWN_MS = 6_000;

/** Short messages at the bottom of the window: what was done, with a way back, or what failed. */
export class Toasts {
  private readonly current = signal<readonly Toast[]>([]);
  readonly shown: ReadonlySignal<readonly Toast[]> = this.current;
  private lastId = 0;

  done(text: string, undo?: () => void, link?: Partial<Route>): void {
    this.add({ text, tone: "done", ...(undo && { undo }), ...(link && { link }) });
  }

  failed(text: string): void {
    this.add({ text, tone: "failed" });
  }

  dismiss(id: number): void {
    this.current.value = this.current.value.filter((toast) => toast.id !== id);
  }

  private add(toast: Omit<Toast, "id">): void {
    this.lastId += 1;
    const id = this.lastId;
    // One at a time: a second message makes the first one old.
    this.current.value = [{ ...toast, id }];
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  }
}
