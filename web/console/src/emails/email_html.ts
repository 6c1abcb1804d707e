/** The HTML of an e-mail, from the mailer's clean form to what its frame shows. */

import { isBlank } from "@guichet/shared/blank";

/** Stands before the address of an image that is elsewhere, until the agent asks for it. */
const REMOTE = "remote:";

/** A mail that sets colours was drawn for white paper; any other takes those of the console. */
export function wantsPaper(html: string): boolean {
  return /(?:color|background)\s*[:=]|bgcolor/i.test(html);
}

/** How many images are elsewhere. */
export function countRemote(html: string): number {
  return html.match(/<img\b[^>]*\bsrc\s*=\s*["']?remote:/gi)?.length ?? 0;
}

/** What the HTML calls its inline images: `cid:` with the angle brackets of the header taken off, or escaped. */
export function contentId(address: string): string | null {
  const found = /^cid:(.+)$/i.exec(address.trim());
  if (!found?.[1]) return null;
  try {
    return decodeURIComponent(found[1]);
  } catch {
    return found[1];
  }
}

/**
 * Puts the addresses of images in: of inline ones from `inline`, by content id; of remote ones only when they are
 * asked for. Instead of an image that is not shown stand the words that its mail has for it, if any.
 */
export function addressImages(
  root: Document,
  inline: ReadonlyMap<string, string>,
  withRemote: boolean,
): void {
  for (const image of root.querySelectorAll("img")) {
    const address = addressOf(image.getAttribute("src") ?? "", inline, withRemote);
    image.referrerPolicy = "no-referrer";
    if (address) image.src = address;
    else image.replaceWith(...wordsOf(image, root));
  }
}

function addressOf(
  address: string,
  inline: ReadonlyMap<string, string>,
  withRemote: boolean,
): string | undefined {
  const name = contentId(address);
  if (name !== null) return inline.get(name);
  const remote = withRemote && address.startsWith(REMOTE) ? address.slice(REMOTE.length) : "";
  return /^https?:\/\//i.test(remote) ? remote : undefined;
}

/** Not the image itself: without an address it has a broken picture before its words, and the room of the whole. */
function wordsOf(image: HTMLImageElement, root: Document): Node[] {
  if (isBlank(image.alt)) return [];
  const words = root.createElement("span");
  words.className = "unshown";
  words.dir = "auto";
  words.textContent = image.alt;
  return [words];
}
