/** Splits a text into words and addresses: web addresses, what begins with `www.`, and e-mail addresses. */
export type Part = string | { href: string; text: string };

const ADDRESS =
  /\bhttps?:\/\/[^\s<>"«»]+|(?<![\p{L}\p{N}@./-])www\.[^\s<>"«»@]+|(?<![\p{L}\p{N}@._%+/-])[\p{L}\p{N}][\p{L}\p{N}._%+'-]{0,63}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+\p{L}{2,}(?![\p{L}\p{N}@])/giu;

/** What often stands right after an address and does not belong to it. */
const TRAILING = /[.,;:!?)\]}>"'…’”*_]$/;
const OPENING: Record<string, string> = { ")": "(", "]": "[", "}": "{" };

export function linkify(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const { 0: match, index } of text.matchAll(ADDRESS)) {
    const address = withoutEnd(match);
    const href = hrefOf(address);
    if (!href) continue;
    if (index > from) parts.push(text.slice(from, index));
    parts.push({ href, text: address });
    from = index + address.length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** Without the punctuation of the sentence around it. A bracket that was opened within the address belongs to it. */
function withoutEnd(match: string): string {
  let address = match;
  while (TRAILING.test(address)) {
    const last = address.slice(-1);
    const opening = OPENING[last];
    if (opening && count(address, opening) >= count(address, last)) break;
    address = address.slice(0, -1);
  }
  return address;
}

/** Only what a browser can parse; a name alone is no place. */
function hrefOf(address: string): string | null {
  if (/^https?:/i.test(address)) return URL.canParse(address) ? new URL(address).href : null;
  if (address.includes("@")) return `mailto:${address}`;
  const whole = `https://${address}`;
  return /^www\.[^./]+\.[^./]/i.test(address) && URL.canParse(whole) ? new URL(whole).href : null;
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}
