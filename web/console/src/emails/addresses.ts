import type { EmailAddress } from "@guichet/shared/protocol";

/** What can be an address at all; whether it is one, only its mail server knows. */
const ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;".]+$/;

export interface Typed {
  addresses: string[];
  /** What is no address. */
  wrong: string[];
}

/** Reads what one types or pastes into *Cc*: "Ada <ada@example.org>; bob@example.org". */
export function readAddresses(typed: string): Typed {
  const parts = typed
    .split(/[,;\n]/)
    .map((part) => (/<([^<>]*)>\s*$/.exec(part)?.[1] ?? part).trim())
    .filter((part) => part !== "");
  const all = [...new Set(parts)];
  return {
    addresses: all.filter((part) => ADDRESS.test(part)),
    wrong: all.filter((part) => !ADDRESS.test(part)),
  };
}

/** "Ada Lovelace <ada@example.org>", or the address alone. */
export function tellAddress({ email, name }: EmailAddress): string {
  return name ? `${name} <${email}>` : email;
}
