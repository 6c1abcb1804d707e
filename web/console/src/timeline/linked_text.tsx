import type { JSX } from "preact";

/** Web addresses, without the punctuation that ends the sentence around them. */
const ADDRESS = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'»])/g;

/** Text as it was written, line breaks included, its web addresses as links. */
export function LinkedText({ text }: { text: string }): JSX.Element {
  return (
    <p class="text">
      {text.split(ADDRESS).map((part, index) =>
        index % 2 === 0 ? (
          part
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: a text never changes its order
          <a key={index} href={part} target="_blank" rel="noopener noreferrer nofollow">
            {part}
          </a>
        ),
      )}
    </p>
  );
}
