import type { JSX } from "preact";
import { Icon, type IconName } from "../app/icons";

interface ItemButtonProps {
  icon: IconName;
  label: string;
  disabled?: boolean;
  /** The item whose form it opens. */
  opens?: string;
  onClick: () => void;
}

/** One thing to do with one item of a list. */
export function ItemButton({ icon, label, disabled = false, opens, onClick }: ItemButtonProps): JSX.Element {
  return (
    <button
      type="button"
      class="button quiet square"
      aria-label={label}
      title={label}
      disabled={disabled}
      data-opens={opens}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
