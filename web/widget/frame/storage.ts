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

class PageStorage extends Map<string, string> implements Storing {
  get length(): number {
    return this.size;
  }

  /** Nobody asks beyond the last. */
  key(index: number): string {
    return [...this.keys()][index] as string;
  }

  getItem(key: string): string | null {
    return this.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.set(key, value);
  }

  removeItem(key: string): void {
    this.delete(key);
  }
}
