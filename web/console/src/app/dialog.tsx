import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import "./dialog.css";

interface DialogProps {
  title: string;
  /** For forms and tables. */
  wide?: boolean;
  /** Escape, or a click outside. */
  onClose: () => void;
  children: ComponentChildren;
}

/** A native modal dialog, open for as long as it is drawn; focus returns to where it was. */
export function Dialog({ title, wide = false, onClose, children }: DialogProps): JSX.Element {
  const titleId = useId();
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const dialog = element.current;
    dialog?.showModal();
    return () => {
      // First: while it is open, nothing outside of it takes the focus.
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does it for the keyboard, through onCancel
    <dialog
      ref={element}
      class="dialog"
      data-wide={wide}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === element.current && onClose()}
    >
      <div class="dialog-body">
        <h2 id={titleId}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
