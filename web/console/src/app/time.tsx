import { formatAge, formatDateTime, formatTime, type Locale } from "@guichet/shared/i18n";
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useWords } from "../words/words";

const DAY_MS = 86_400_000;

/** Now, to the half minute: ages are drawn again with it. */
const now = signal(new Date());
// A clock connects to nothing and is the same for all: it may run from the start.
setInterval(() => {
  now.value = new Date();
}, 30_000);

/** How long ago, in as few letters as can be: "5 min", "3 h", "12 mars". The exact time shows on hover. */
export function Age({ at }: { at: string }): JSX.Element {
  const { locale } = useWords();
  const date = new Date(at);
  const old = now.value.getTime() - date.getTime() >= DAY_MS;
  const text = old
    ? date.toLocaleDateString(locale, { day: "numeric", month: "short" })
    : shortAge(locale, date);
  return <TimeOf at={at}>{text}</TimeOf>;
}

function shortAge(locale: Locale, date: Date): string {
  const minutes = Math.floor((now.value.getTime() - date.getTime()) / 60_000);
  if (minutes < 1) return formatAge(locale, date, date);
  const unit = minutes < 60 ? "minute" : "hour";
  const value = minutes < 60 ? minutes : Math.floor(minutes / 60);
  return value.toLocaleString(locale, { style: "unit", unit, unitDisplay: "short" });
}

export function Clock({ at }: { at: string }): JSX.Element {
  const { locale } = useWords();
  return <TimeOf at={at}>{formatTime(locale, new Date(at))}</TimeOf>;
}

export function Moment({ at }: { at: string }): JSX.Element {
  const { locale } = useWords();
  return <TimeOf at={at}>{formatDateTime(locale, new Date(at))}</TimeOf>;
}

function TimeOf({ at, children }: { at: string; children: string }): JSX.Element {
  const { locale } = useWords();
  return (
    <time
      dateTime={at}
      title={new Date(at).toLocaleString(locale, { dateStyle: "full", timeStyle: "medium" })}
    >
      {children}
    </time>
  );
}
