import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

/** The colours in which the console is drawn now, for a frame that does not inherit them. */
export interface Colours {
  scheme: "light" | "dark";
  text: string;
  ground: string;
}

const UNKNOWN: Colours = { scheme: "light", text: "inherit", ground: "transparent" };

/** The colours around an element; others when the agent or the system chooses light or dark. */
export function useColours(element: RefObject<HTMLElement | null>): Colours {
  const [colours, setColours] = useState(UNKNOWN);
  useLayoutEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const look = () => {
      if (!element.current) return;
      const { color, backgroundColor } = getComputedStyle(element.current);
      const chosen = document.documentElement.dataset.theme;
      const dark = chosen ? chosen === "dark" : system.matches;
      setColours({ scheme: dark ? "dark" : "light", text: color, ground: backgroundColor });
    };
    look();
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    system.addEventListener("change", look);
    return () => {
      observer.disconnect();
      system.removeEventListener("change", look);
    };
  }, [element]);
  return colours;
}
