import { linkify } from "@guichet/shared/links";
import type { JSX } from "preact";

/** Text as it was written, line breaks included, its addresses as links; it runs the way its first letter does. */
export function LinkedText({ text }: { text: string }): JSX.Element {
  return (
    <p class="text" dir="auto">
      {linkify(text).map((part, index) =>
        typeof part === "string" ? (
          part
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: a text never changes its order
          <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        ),
      )}
    </p>
  );
}
