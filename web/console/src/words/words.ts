import { type Locale, pickLocale, type Translate, translator } from "@guichet/shared/i18n";
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Problem } from "../http/problem";
import { en } from "./en";
import { fr } from "./fr";

export type T = Translate<typeof fr>;

const CHOICE = "guichet.locale";

/** The language of the console: that of the browser, until the agent chooses. */
export class Words {
  private readonly chosen = signal<Locale>(pickLocale(localStorage.getItem(CHOICE)));
  readonly locale: ReadonlySignal<Locale> = this.chosen;
  readonly t: ReadonlySignal<T> = computed(() => translator({ fr, en }, this.chosen.value));

  choose(locale: Locale): void {
    localStorage.setItem(CHOICE, locale);
    this.chosen.value = locale;
  }
}

export const WordsContext = createContext<Words | null>(null);

/** The texts, in the present language; a component that calls it is drawn again when the language changes. */
export function useWords(): { t: T; locale: Locale; words: Words } {
  const words = useContext(WordsContext);
  if (!words) throw new Error("useWords needs a WordsContext above it");
  return { t: words.t.value, locale: words.locale.value, words };
}

/** What happened and what to do, for any failed call. */
export function tellProblem(problem: Problem, t: T): string {
  const key = `problem.${problem.code}`;
  return key in fr && key !== "problem.unexpected"
    ? (t as (key: string) => string)(key)
    : t("problem.unexpected", { code: problem.code });
}
