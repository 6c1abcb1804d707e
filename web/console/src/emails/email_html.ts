/** The HTML of an e-mail, from the mailer's clean form to what its frame shows. */

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
 * asked for. An image without an address shows what its mail says instead of it.
 */
export function addressImages(
  root: ParentNode,
  inline: ReadonlyMap<string, string>,
  withRemote: boolean,
): void {
  for (const image of root.querySelectorAll("img")) {
    const address = image.getAttribute("src") ?? "";
    const name = contentId(address);
    image.removeAttribute("src");
    image.referrerPolicy = "no-referrer";
    if (name !== null) {
      const known = inline.get(name);
      if (known) image.src = known;
    } else if (withRemote && address.startsWith(REMOTE)) {
      const remote = address.slice(REMOTE.length);
      if (/^https?:\/\//i.test(remote)) image.src = remote;
    }
    // One that is not shown takes the room of a line, whatever the mail had foreseen for it.
    if (!image.hasAttribute("src")) withoutRoom(image);
  }
}

const ROOM = ["width", "height", "min-width", "min-height", "max-height", "padding", "margin", "position"];

function withoutRoom(image: HTMLImageElement): void {
  for (const name of ["width", "height", "hspace", "vspace", "border"]) image.removeAttribute(name);
  for (const name of ROOM) image.style.removeProperty(name);
  image.classList.add("unshown");
}
