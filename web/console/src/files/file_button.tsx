import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { Icon } from "../app/icons";
import { useWords } from "../words/words";

interface FileButtonProps {
  /** What the button says it does. */
  label: string;
  onFiles: (files: File[]) => void;
  /** Media types or extensions, as `accept` of the field has them. */
  accept?: string;
  children?: string;
}

/** The clip: opens the system's choice of files. */
export function FileButton({ label, onFiles, accept, children }: FileButtonProps): JSX.Element {
  const { t } = useWords();
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class={children ? "button" : "button quiet square"}
        aria-label={label}
        title={label}
        onClick={() => field.current?.click()}
      >
        <Icon name="clip" />
        {children}
      </button>
      <input
        ref={field}
        type="file"
        hidden
        multiple={!accept}
        accept={accept}
        aria-label={t("file.field")}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same file can be chosen again after it was removed.
          currentTarget.value = "";
        }}
      />
    </>
  );
}
