import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** Closer to the bottom than this (px) counts as being there. */
const NEAR = 40;

interface FollowBottom {
  atBottom: boolean;
  /** To be called when the reader scrolls. */
  onScroll: () => void;
  toBottom: () => void;
}

/**
 * Keeps a scroller where its reader is: at the bottom, it follows what is added below; elsewhere nothing moves, not
 * even when older things are added above or the window changes its size.
 * @param firstKey changes when something is added above; `lastKey` when something is added below
 */
export function useFollowBottom(
  scroller: RefObject<HTMLElement | null>,
  firstKey: string | undefined,
  lastKey: string | undefined,
): FollowBottom {
  const [atBottom, setAtBottom] = useState(true);
  /** Distance from the bottom and height at the last look: what grew since then, and on which side, shows from them. */
  const before = useRef({ firstKey, height: 0, shown: 0, following: true });

  const toBottom = () => {
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is shown changed
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    if (before.current.following) toBottom();
    else if (firstKey !== before.current.firstKey)
      element.scrollTop += element.scrollHeight - before.current.height;
    const { scrollHeight: height, clientHeight: shown } = element;
    before.current = { ...before.current, firstKey, height, shown };
  }, [firstKey, lastKey]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scroller stays the same
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      if (before.current.following) toBottom();
      before.current.height = element.scrollHeight;
      before.current.shown = element.clientHeight;
    });
    observer.observe(element);
    for (const child of element.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const { following, height, shown } = before.current;
    // Scrolled by this hook, and something has grown since: the observer, which comes after, follows it.
    if (following && (element.scrollHeight !== height || element.clientHeight !== shown)) return;
    const near = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    before.current.following = near;
    setAtBottom(near);
  };

  return { atBottom, onScroll, toBottom };
}
