import type { JSX } from "preact";
import { useDesk } from "../desk";
import { Dialog } from "./dialog";

/** The question that the desk asks, if it asks one. Not answering keeps things as they are. */
export function QuestionDialog(): JSX.Element | null {
  const { question } = useDesk().asker;
  if (!question.value) return null;
  const { title, text, yes, no, answer } = question.value;
  return (
    <Dialog title={title} onClose={() => answer(false)}>
      <p>{text}</p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => answer(false)}>
          {no}
        </button>
        <button type="button" class="button strong" onClick={() => answer(true)}>
          {yes}
        </button>
      </div>
    </Dialog>
  );
}
