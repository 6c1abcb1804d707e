import { Fragment, type JSX } from "preact";

/** An address that breaks where its parts do, never inside a word. */
export function Address({ children }: { children: string }): JSX.Element {
  return (
    <bdi class="address">
      {children.split(/(?<=[.@/_-])/).map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text have no other name
        <Fragment key={index}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </bdi>
  );
}
