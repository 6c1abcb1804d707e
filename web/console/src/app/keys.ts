import { useLayoutEffect, useRef } from "preact/hooks";

/** The keys of the console, in the order in which the help lists them. */
export const KEYS = {
  next: "j",
  previous: "k",
  open: "Enter",
  reply: "r",
  note: "n",
  templates: "t",
  leave: "Escape",
  assign: "a",
  close: "e",
  create: "c",
  search: "/",
  help: "?",
} as const;
export type Shortcut = keyof typeof KEYS;

/**
 * Calls `action` for a single key, pressed anywhere but where one writes or in a dialog or menu.
 * @param shortcut null for a part that has none
 * @param action null while there is nothing to do
 */
export function useShortcut(shortcut: Shortcut | null, action: (() => void) | null): void {
  const latest = useRef(action);
  latest.current = action;
  // In the same breath as the screen: a key works as soon as what it belongs to is seen.
  useLayoutEffect(() => {
    if (!shortcut) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== KEYS[shortcut] || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!latest.current || event.defaultPrevented || isTaken(event.target)) return;
      event.preventDefault();
      latest.current();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [shortcut]);
}

function isTaken(target: EventTarget | null): boolean {
  if (document.querySelector("dialog:modal, [popover]:popover-open")) return true;
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;
}
