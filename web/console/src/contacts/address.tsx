import type { JSX } from "preact";

/** An address that breaks where its parts do, never inside a word. */
export function Address({ children }: { children: string }): JSX.Element {
  return (
    <bdi class="address">
      {children.split(/(?<=[.@/_-])/).map((part, index) => [index > 0 && <wbr key={`wbr ${index}`} />, part])}
    </bdi>
  );
}
