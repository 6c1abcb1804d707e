import type { AriaAttributes, ComponentChildren, JSX } from "preact";
import { useDesk } from "../desk";
import type { Route } from "./route";

interface LinkProps extends AriaAttributes {
  to: Partial<Route>;
  class: string;
  title?: string;
  "data-request-id"?: string;
  "data-unread"?: boolean;
  children: ComponentChildren;
}

/** A real link, so that it can be opened in another tab; a plain click stays in this page. */
export function Link({ to, ...attributes }: LinkProps): JSX.Element {
  const { router } = useDesk();
  return (
    <a
      {...attributes}
      href={router.href(to)}
      onClick={(event) => {
        if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        router.go(to);
      }}
    />
  );
}
