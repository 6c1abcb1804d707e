/** What an agent wants to be told of in this browser, and how: kept there, since a permission and a loudspeaker are. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

export interface Choices {
  /** Requests that the agent holds. */
  mine: boolean;
  unassigned: boolean;
  sound: boolean;
  /** The system's notifications; the browser must allow them, too. */
  notify: boolean;
  /** Whether a notification shows the name and the first words, which others may see on the screen. */
  words: boolean;
  /** Neither sound nor notification between these times of day (HH:MM, local); null: at no time. */
  silence: Silence | null;
}

export interface Silence {
  from: string;
  until: string;
}

export const DEFAULTS: Choices = {
  mine: true,
  unassigned: true,
  sound: true,
  notify: false,
  words: true,
  silence: null,
};

/** A night, to begin with. */
export const NIGHT: Silence = { from: "19:00", until: "08:00" };

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

export class KeptChoices {
  private readonly current: Signal<Choices>;
  readonly chosen: ReadonlySignal<Choices>;
  private readonly key: string;

  /** @param owner the agent: two who share a browser choose each for themselves */
  constructor(
    private readonly storage: Pick<Storage, "getItem" | "setItem">,
    owner: string,
  ) {
    this.key = `guichet.told.${owner}`;
    this.current = signal(read(storage.getItem(this.key)));
    this.chosen = this.current;
  }

  set(change: Partial<Choices>): void {
    const choices = { ...this.current.value, ...change };
    this.storage.setItem(this.key, JSON.stringify(choices));
    this.current.value = choices;
  }
}

/** Whether `now` is one of the hours of silence. They may go over midnight; from an hour to itself is the whole day. */
export function isSilent(silence: Silence | null, now: Date): boolean {
  if (silence === null) return false;
  const minute = now.getHours() * 60 + now.getMinutes();
  const [from, until] = [minuteOf(silence.from), minuteOf(silence.until)];
  return from < until ? minute >= from && minute < until : minute >= from || minute < until;
}

export function isTime(text: string): boolean {
  return TIME.test(text);
}

function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

/** What is not understood counts as not chosen. */
function read(kept: string | null): Choices {
  let found: Partial<Choices> | null;
  try {
    found = JSON.parse(kept ?? "{}");
  } catch {
    return DEFAULTS;
  }
  const said = { ...DEFAULTS };
  for (const name of ["mine", "unassigned", "sound", "notify", "words"] as const) {
    if (typeof found?.[name] === "boolean") said[name] = found[name];
  }
  const { from, until } = found?.silence ?? {};
  if (typeof from === "string" && typeof until === "string" && isTime(from) && isTime(until)) {
    said.silence = { from, until };
  }
  return said;
}
