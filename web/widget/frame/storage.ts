/** The browser's storage, or something as good for the life of one page where the browser forbids it. */
import type { Storing } from "@guichet/shared/memory";

export function openStorage(): Storing {
  try {
    // Where third-party storage is blocked, already naming `localStorage` throws.
    return localStorage;
  } catch {
    return new PageStorage();
  }
}

class PageStorage implements Storing {
  #items = new Map<string, string>();

  get length(): number {
    return this.#items.size;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }
}
