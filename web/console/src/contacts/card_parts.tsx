import type { ComponentChildren, JSX } from "preact";
import { useKeepFocus } from "../app/keep_focus";
import { useWords } from "../words/words";

interface SectionProps {
  title: string;
  /** Names what is shown, where that changes under the agent's hands. */
  content?: string;
  children: ComponentChildren;
}

export function Section({ title, content = "", children }: SectionProps): JSX.Element {
  const place = useKeepFocus<HTMLElement>(content);
  return (
    <section class="card-section" ref={place} tabIndex={-1} aria-label={title}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** One line of what is known; said when it is not. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  const { t } = useWords();
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children || <span class="faint-text">{t("card.notGiven")}</span>}</dd>
    </div>
  );
}
