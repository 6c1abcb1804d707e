import type { TargetedKeyboardEvent } from "preact";
import { useEffect, useId, useLayoutEffect, useState } from "preact/hooks";

interface ListBoxOptions<Item> {
  /** What the list is called. */
  label: string;
  items: readonly Item[];
  onPick: (item: Item) => void;
}

/**
 * A text field that filters a list of options, after the combobox pattern of the ARIA practices
 * (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/): the focus stays in the field, arrow keys move the choice,
 * Enter takes it. Gives what to spread on the field, the list and each option.
 */
export function useListBox<Item extends { id: string }>({ label, items, onPick }: ListBoxOptions<Item>) {
  const listId = useId();
  const [active, setActive] = useState(0);
  const ids = items.map(({ id }) => id).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: other options, and the first of them is the choice
  useEffect(() => setActive(0), [ids]);
  const optionId = (index: number) => `${listId}-${index}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: optionId is of listId, which does not change
  useLayoutEffect(() => {
    document.getElementById(optionId(active))?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLInputElement>) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const item = items[active];
    if (event.isComposing || !item || (step === 0 && event.key !== "Enter")) return;
    event.preventDefault();
    if (step !== 0) setActive((active + step + items.length) % items.length);
    else onPick(item);
  };
  return {
    field: {
      role: "combobox",
      autocomplete: "off",
      "aria-autocomplete": "list",
      "aria-expanded": items.length > 0,
      "aria-controls": listId,
      "aria-activedescendant": items.length > 0 ? optionId(active) : undefined,
      onKeyDown,
    },
    list: { id: listId, role: "listbox", "aria-label": label },
    option: (item: Item, index: number) => ({
      id: optionId(index),
      role: "option" as const,
      "aria-selected": index === active,
      // The field keeps the focus.
      onMouseDown: (event: Event) => event.preventDefault(),
      onClick: () => onPick(item),
    }),
  } as const;
}
