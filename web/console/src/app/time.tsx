import { formatAge, type Locale } from "@guichet/shared/i18n";
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useWords } from "../words/words";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Now, to the half minute: ages are drawn again with it. */
const now = signal(new Date());
// A clock connects to nothing and is the same for all: it may run from the start.
setInterval(() => {
  now.value = new Date();
}, 30_000);

const STYLES = {
  day: { day: "numeric", month: "short" },
  time: { timeStyle: "short" },
  moment: { dateStyle: "medium", timeStyle: "short" },
  full: { dateStyle: "full", timeStyle: "medium" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

// Kept, since making one takes as long as using it thirty times, and a scrolling list asks for dozens in a frame.
const dates = new Map<string, Intl.DateTimeFormat>();
const units = new Map<string, Intl.NumberFormat>();

function dateFormat(locale: Locale, style: keyof typeof STYLES): Intl.DateTimeFormat {
  return kept(dates, `${locale} ${style}`, () => new Intl.DateTimeFormat(locale, STYLES[style]));
}

function unitFormat(locale: Locale, unit: "minute" | "hour" | "day"): Intl.NumberFormat {
  const make = () => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" });
  return kept(units, `${locale} ${unit}`, make);
}

function kept<T>(formats: Map<string, T>, name: string, make: () => T): T {
  const format = formats.get(name) ?? make();
  formats.set(name, format);
  return format;
}

/** How long ago, in as few letters as can be: "5 min", "3 h", "12 mars". The exact time shows on hover. */
export function Age({ at }: { at: string }): JSX.Element {
  const { locale } = useWords();
  const date = new Date(at);
  const old = now.value.getTime() - date.getTime() >= DAY_MS;
  const text = old ? dateFormat(locale, "day").format(date) : shortAge(locale, date);
  return <TimeOf at={at}>{text}</TimeOf>;
}

function shortAge(locale: Locale, date: Date): string {
  const minutes = Math.floor((now.value.getTime() - date.getTime()) / 60_000);
  if (minutes < 1) return formatAge(locale, date, date);
  const unit = minutes < 60 ? "minute" : "hour";
  const value = minutes < 60 ? minutes : Math.floor(minutes / 60);
  return unitFormat(locale, unit).format(value);
}

/** A wait of this long is late, and shows it. */
const LATE_MS = 3_600_000;

/** How long somebody has waited: "attend depuis 12 min", in colour only once it is late. */
export function Waiting({ since }: { since: string }): JSX.Element {
  const { t, locale } = useWords();
  const date = new Date(since);
  const waited = now.value.getTime() - date.getTime();
  const age =
    waited >= DAY_MS ? unitFormat(locale, "day").format(Math.floor(waited / DAY_MS)) : shortAge(locale, date);
  const text = waited < MINUTE_MS ? t("requests.waiting.now") : t("requests.waiting", { age });
  return (
    <span class="waiting" data-late={waited >= LATE_MS}>
      <TimeOf at={since}>{text}</TimeOf>
    </span>
  );
}

export function Clock({ at }: { at: string }): JSX.Element {
  const { locale } = useWords();
  return <TimeOf at={at}>{dateFormat(locale, "time").format(new Date(at))}</TimeOf>;
}

export function Moment({ at }: { at: string }): JSX.Element {
  const { locale } = useWords();
  return <TimeOf at={at}>{dateFormat(locale, "moment").format(new Date(at))}</TimeOf>;
}

function TimeOf({ at, children }: { at: string; children: string }): JSX.Element {
  const { locale } = useWords();
  return (
    <time dateTime={at} title={dateFormat(locale, "full").format(new Date(at))}>
      {children}
    </time>
  );
}
