/** Proof of work: what the server asks for instead of refusing, where many people share one address. */

export interface Challenge {
  challenge: string;
  /** How many zero bits SHA-256 of `challenge:number` is to begin with. */
  bits: number;
}

/** The number that answers the challenge; a second or two, in steps that let the page go on. */
export async function solve({ challenge, bits }: Challenge): Promise<number> {
  const text = new TextEncoder();
  for (let number = 0; ; number++) {
    const digest = await crypto.subtle.digest("SHA-256", text.encode(`${challenge}:${number}`));
    // At most 22 bits are asked for: the first four bytes tell.
    if (new DataView(digest).getUint32(0) >>> (32 - bits) === 0) return number;
  }
}
