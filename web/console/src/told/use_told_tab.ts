import { useEffect } from "preact/hooks";
import icon from "../app/guichet.svg";
import toldIcon from "../app/guichet_told.svg";

/** The tab's title with how many wait, and a dot on its icon. */
export function useToldTab(title: string, count: number): void {
  useEffect(() => {
    document.title = count > 0 ? `(${count}) ${title}` : title;
  }, [title, count]);
  const some = count > 0;
  useEffect(() => {
    show(some ? toldIcon : icon);
    // Whoever signs out leaves nothing of it behind.
    return () => show(icon);
  }, [some]);
}

function show(href: string): void {
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (link) link.href = href;
}
