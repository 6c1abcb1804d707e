/** Translations checked by the compiler: every key in every language, and every `{placeholder}` given. */

export const LOCALES = ["fr", "en"] as const;
export type Locale = (typeof LOCALES)[number];

/** A text, or one text per plural category of its `{count}` (Unicode CLDR; French and English use one and other). */
export type Text = string | { one: string; other: string };
export type Dictionary = Record<string, Text>;

type Placeholders<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;
type Params<T> = T extends string
  ? Placeholders<T>
  : T extends { other: infer S }
    ? Placeholders<S> | "count"
    : never;
type Arguments<T> = [Params<T>] extends [never] ? [] : [params: Record<Params<T>, string | number>];

export type Translate<D extends Dictionary> = <K extends keyof D>(
  key: K,
  ...params: Arguments<D[K]>
) => string;

/** The language to speak: the choice made, else the first known one that the browser prefers, else French. */
export function pickLocale(
  choice?: string | null,
  preferred: readonly string[] = navigator.languages,
): Locale {
  for (const tag of [choice ?? "", ...preferred]) {
    const locale = LOCALES.find((known) => known === tag.slice(0, 2).toLowerCase());
    if (locale) return locale;
  }
  return LOCALES[0];
}

/** `D` is the French dictionary, written `as const` so that its placeholders are known; the others follow its keys. */
export function translator<const D extends Dictionary>(
  dictionaries: { fr: D } & Record<
    Exclude<Locale, "fr">,
    { [K in keyof D]: D[K] extends string ? string : Text }
  >,
  locale: Locale,
): Translate<D> {
  const dictionary: Dictionary = dictionaries[locale];
  const plural = new Intl.PluralRules(locale);
  return (key, ...[params]) => {
    const values: Record<string, string | number> = params ?? {};
    const text = dictionary[key as string] as Text;
    const chosen =
      typeof text === "string" ? text : text[plural.select(Number(values.count)) === "one" ? "one" : "other"];
    return chosen.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name] ?? "";
      return typeof value === "number" ? value.toLocaleString(locale) : value;
    });
  };
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "il y a 5 min" under 24 hours, the date and time from then on. */
export function formatAge(locale: Locale, at: Date, now = new Date()): string {
  const age = now.getTime() - at.getTime();
  if (age >= DAY) return formatDateTime(locale, at);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  if (age < MINUTE) return relative.format(0, "second");
  return age < HOUR
    ? relative.format(-Math.floor(age / MINUTE), "minute")
    : relative.format(-Math.floor(age / HOUR), "hour");
}

export function formatDateTime(locale: Locale, at: Date): string {
  return at.toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
}

export function formatTime(locale: Locale, at: Date): string {
  return at.toLocaleTimeString(locale, { timeStyle: "short" });
}

/** "aujourd'hui", "hier", then "lundi 3 mars", with the year when it is another one. */
export function formatDay(locale: Locale, at: Date, now = new Date()): string {
  const days = Math.round((startOfDay(at) - startOfDay(now)) / DAY);
  if (days === 0 || days === -1)
    return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day");
  return at.toLocaleDateString(locale, {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }),
  });
}

/** Midnight, local time. */
function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
