/** Splits a text into words and addresses: only http and https, and only what a browser can parse. */
export type Part = string | { href: string; text: string };

/** What often stands right after an address and does not belong to it. */
const TRAILING = /[.,;:!?)\]}»"'…]+$/;

export function linkify(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const { 0: match, index } of text.matchAll(/\bhttps?:\/\/[^\s<>]+/gi)) {
    const address = match.replace(TRAILING, "");
    if (!URL.canParse(address)) continue;
    if (index > from) parts.push(text.slice(from, index));
    parts.push({ href: new URL(address).href, text: address });
    from = index + address.length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}
