import type { ComponentChildren, JSX } from "preact";
import { useWords } from "../words/words";

export function Section({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <section class="card-section">
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
