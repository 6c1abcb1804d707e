import type { ComponentChildren, JSX, TargetedSubmitEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";
import { tellProblem, useWords } from "../words/words";

interface KeptFormProps {
  label: string;
  /** Saves what the fields say. */
  save: () => Promise<void>;
  disabled?: boolean;
  onDone: () => void;
  children: ComponentChildren;
}

/** The frame of a form that is saved at once: what is wrong is said in it, and what was typed stays. */
export function KeptForm({ label, save, disabled = false, onDone, children }: KeptFormProps): JSX.Element {
  const { t } = useWords();
  const { toasts } = useDesk();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => form.current?.querySelector("input")?.focus(), []);
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await save();
      toasts.done(t("settings.saved"));
      onDone();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
    setBusy(false);
  };
  return (
    <form ref={form} class="kept-form" aria-label={label} onSubmit={submit}>
      {children}
      <p class="form-problem" role="alert">
        {problem && tellProblem(problem, t)}
        {problem?.errors.map(({ field, message }) => ` ${field}: ${message}`)}
      </p>
      <div class="form-actions">
        <button type="button" class="button" onClick={onDone}>
          {t("app.cancel")}
        </button>
        <button type="submit" class="button accent" disabled={busy || disabled}>
          {t("settings.save")}
        </button>
      </div>
    </form>
  );
}
