/** A few words under one prefix of a storage; where the browser refuses, nothing is remembered and all works. */
import type { OutboxOptions } from "./outbox";

export type Storing = OutboxOptions["storage"];

export interface Memory {
  get(name: string): string | null;
  /** null forgets. */
  set(name: string, value: string | null): void;
}

/** `storage` is called each time, because already naming `localStorage` throws where it is blocked. */
export function memory(storage: () => Storing, prefix: string): Memory {
  return {
    get(name) {
      try {
        return storage().getItem(prefix + name);
      } catch {
        return null;
      }
    },
    set(name, value) {
      try {
        if (value === null) storage().removeItem(prefix + name);
        else storage().setItem(prefix + name, value);
      } catch {
        // Blocked or full: the next page starts without this memory.
      }
    },
  };
}
