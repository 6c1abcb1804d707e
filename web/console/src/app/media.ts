import { useEffect, useState } from "preact/hooks";

/** One pane at a time: the styles say the same width. */
export const NARROW = "(width < 760px)";

/** Whether a media query holds now; drawn again when that changes. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const look = () => setMatches(list.matches);
    look();
    list.addEventListener("change", look);
    return () => list.removeEventListener("change", look);
  }, [query]);
  return matches;
}
