import type { ComponentChildren, JSX, TargetedKeyboardEvent } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Shortcut, useShortcut } from "./keys";
import "./menu.css";

interface MenuProps {
  /** The button's accessible name. */
  label: string;
  /** What the button shows. */
  button: ComponentChildren;
  buttonClass?: string;
  /** How assistive technology is to call what opens. */
  role?: "menu" | "dialog";
  /** The key that opens it from anywhere. */
  shortcut?: Shortcut;
  /** What is inside; drawn only while it is open. `close` shuts it. */
  children: (close: () => void) => ComponentChildren;
}

const GAP = 4;

/**
 * A button and what it opens, as a native popover: Escape and a click elsewhere shut it, focus goes back to the
 * button. Arrow keys move between the buttons inside.
 */
export function Menu({
  label,
  button,
  buttonClass = "button",
  role = "menu",
  shortcut,
  children,
}: MenuProps): JSX.Element {
  const id = useId();
  const opener = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);

  useShortcut(shortcut ?? null, () => panel.current?.showPopover());

  useLayoutEffect(() => {
    if (!open || !panel.current || !opener.current) return;
    place(panel.current, opener.current);
    focusables(panel.current)[0]?.focus();
  }, [open]);

  return (
    <>
      <button
        ref={opener}
        type="button"
        class={buttonClass}
        popovertarget={id}
        aria-haspopup={role}
        aria-expanded={open}
        aria-label={label}
        title={label}
      >
        {button}
      </button>
      {/* biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useAriaPropsSupportedByRole: its role is given */}
      <div
        ref={panel}
        id={id}
        popover="auto"
        class="menu"
        role={role}
        aria-label={label}
        onToggle={(event) => setOpen(event.newState === "open")}
        onKeyDown={(event) => moveFocus(event)}
      >
        {open && children(() => panel.current?.hidePopover())}
      </div>
    </>
  );
}

/** Under the button, and always inside the window. */
function place(panel: HTMLElement, opener: HTMLElement): void {
  const from = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = from.bottom + GAP + height <= innerHeight;
  const left = from.left + width + GAP <= innerWidth ? from.left : from.right - width;
  panel.style.top = `${below ? from.bottom + GAP : Math.max(GAP, from.top - GAP - height)}px`;
  panel.style.left = `${Math.max(GAP, left)}px`;
}

function moveFocus(event: TargetedKeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : null;
  // A list box inside moves its own choice.
  if (step === null || event.defaultPrevented || event.target instanceof HTMLSelectElement) return;
  event.preventDefault();
  const items = focusables(event.currentTarget);
  const index = items.indexOf(document.activeElement as HTMLElement);
  items[(index + step + items.length) % items.length]?.focus();
}

function focusables(within: HTMLElement): HTMLElement[] {
  return [...within.querySelectorAll<HTMLElement>("input, select, button:not(:disabled)")];
}
