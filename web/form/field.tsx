import { type Filling, LONGEST } from "./filling";
import type { Field } from "./server";
import type { Words } from "./words";

interface Shown extends Pick<Field, "label" | "required"> {
  path: string;
  kind: Field["kind"] | "email";
  options?: string[];
  filling: Filling;
  t: Words;
}

const AUTOCOMPLETE: Record<string, string> = { name: "name", email: "email" };

/** A field with its label and, where it is wrong, why. */
export function FieldView({ path, kind, label, required, options = [], filling, t }: Shown) {
  const id = path.replace(".", "-");
  const wrong = filling.wrong[path];
  const common = {
    id,
    name: path,
    required,
    value: filling.values[path] ?? "",
    "aria-invalid": wrong !== undefined,
    "aria-describedby": `${id}-wrong`,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) =>
      filling.type(path, currentTarget.value),
  };
  const longest = LONGEST[path as keyof typeof LONGEST] ?? LONGEST[kind as keyof typeof LONGEST];
  return (
    <div class="field">
      <label for={id}>
        {label}
        {!required && <span class="optional"> ({t("optional")})</span>}
      </label>
      {kind === "textarea" ? (
        <textarea {...common} rows={path === "message" ? 7 : 4} maxLength={longest} />
      ) : kind === "select" ? (
        <select {...common}>
          <option value="">{t("choose")}</option>
          {options.map((option) => (
            <option key={option}>{option}</option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          // The three differ for the types of attributes only.
          type={kind as "text"}
          maxLength={longest}
          autocomplete={AUTOCOMPLETE[path] ?? (kind === "tel" ? "tel" : undefined)}
        />
      )}
      <p id={`${id}-wrong`} class="wrong">
        {wrong && t(`wrong.${wrong}`)}
      </p>
    </div>
  );
}
