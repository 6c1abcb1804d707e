import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * When what has the focus goes away with a change of content, the focus would fall back to the page's beginning:
 * it is kept at this place instead, which must be focusable (`tabIndex={-1}`).
 * @param content names what is shown
 */
export function useKeepFocus<Place extends HTMLElement>(content: string): RefObject<Place | null> {
  const place = useRef<Place>(null);
  const shown = useRef(content);
  useLayoutEffect(() => {
    if (shown.current !== content && document.activeElement === document.body)
      place.current?.focus({ preventScroll: true });
    shown.current = content;
  }, [content]);
  return place;
}
