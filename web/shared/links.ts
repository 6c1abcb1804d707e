/** Splits a text into words and addresses: web addresses, what begins with `www.`, and e-mail addresses. */
export type Part = string | { href: string; text: string };

/** What ends an address wherever it stands: spaces, quotation marks, marks of direction, punctuation of China and Japan. */
const ENDS = '\\s<>"«»\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff，。、；！？（）「」『』【】《》';

/** Each part has a length, so that a long text without an address takes no longer for each of its characters. */
const ADDRESS = new RegExp(
  `\\bhttps?:\\/\\/[^${ENDS}]{1,2000}` +
    `|(?<![\\p{L}\\p{N}@./-])(?:www\\.[^${ENDS}@]{1,2000}` +
    `|[\\p{L}\\p{N}._%+'-]{1,64}@(?:[\\p{L}\\p{N}-]{1,63}\\.){1,10}\\p{L}{2,63})`,
  "giu",
);

/** What often stands right after an address and does not belong to it. */
const TRAILING = /[.,;:!?)\]}>"'…’”*_]$/;
const BRACKETS = "()[]{}";

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
function withoutEnd(address: string): string {
  const last = address.slice(-1);
  const opening = BRACKETS[BRACKETS.indexOf(last) - 1] ?? "";
  const belongs = opening && address.split(opening).length >= address.split(last).length;
  return TRAILING.test(address) && !belongs ? withoutEnd(address.slice(0, -1)) : address;
}

/** Only what a browser can parse; a name alone is no place. */
function hrefOf(address: string): string | null {
  const mail = !/^(?:https?:|www\.)/i.test(address);
  const whole = mail ? `mailto:${address}` : address.replace(/^www\.(?=[^./]+\.[^./])/i, "https://$&");
  if (mail) return whole;
  return URL.canParse(whole) ? new URL(whole).href : null;
}
