import { type Locale, translator } from "@guichet/shared/i18n";
import { texts } from "./texts";

export type Words = ReturnType<typeof wordsIn>;

/** A form is in one language: that of its labels. */
export const wordsIn = (locale: Locale) => translator(texts, locale);
