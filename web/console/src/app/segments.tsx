import type { JSX } from "preact";
import { useId } from "preact/hooks";
import "./segments.css";

interface SegmentsProps<V> {
  name: string;
  options: [V, string, JSX.Element][];
  chosen: V;
  onChoose: (value: V) => void;
}

/** A choice among a few, all of them in sight; each with its mark. */
export function Segments<V extends string>({
  name,
  options,
  chosen,
  onChoose,
}: SegmentsProps<V>): JSX.Element {
  const group = useId();
  return (
    // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a group of radios is both
    <fieldset class="card-field segments" role="radiogroup">
      <legend>{name}</legend>
      {options.map(([value, text, mark]) => (
        <label key={value} class="segment">
          <input
            class="hidden"
            type="radio"
            name={group}
            checked={value === chosen}
            onChange={() => onChoose(value)}
          />
          {mark}
          {text}
        </label>
      ))}
    </fieldset>
  );
}
