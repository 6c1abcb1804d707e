import type { JSX } from "preact";

/** Drawn on a 16 × 16 grid, in the colour of the text around; a control beside it says in words what it means. */
const PATHS = {
  chat: "M2.5 12.5v-8a2 2 0 0 1 2-2h7a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2H6z",
  email:
    "M2 4.5A1.5 1.5 0 0 1 3.5 3h9A1.5 1.5 0 0 1 14 4.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5zm.5.5L8 9l5.5-4",
  web_form: "M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2.5",
  template: "M9.500 3.500 12.500 6.500 6 13H3v-3zM8 13.500h5.5",
  clip: "M12.500 7.500 7.800 12.200a2.800 2.800 0 0 1-4-4l5.200-5.200a1.900 1.900 0 0 1 2.700 2.700L6.600 10.800a.9.9 0 0 1-1.300-1.300L9.500 5.300",
  plus: "M8 3.500v9M3.500 8h9",
  search: "M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zm3.300-1.200 3.200 3.200",
  bin: "M3 4.500h10M6.500 4.500v-2h3v2M4.500 4.500l.5 9h6l.5-9",
  settings: "M3 5h5m3 0h2M3 11h2m3 0h5M9.500 3.500v3M6.500 9.500v3",
  manual: "M10.5 3 13 5.5 5.8 12.7l-3 .5.5-3z",
  chevron: "m4.5 6.5 3.5 3.5 3.5-3.5",
  back: "M9.5 3.5 5 8l4.5 4.5",
  check: "m3.5 8.5 3 3 6-7",
  cross: "m4 4 8 8m0-8-8 8",
  send: "M8 13V3.5M3.5 8 8 3.5 12.5 8",
  down: "M8 3v9.5M3.5 8 8 12.5 12.5 8",
  up: "M8 13V3.5M3.5 8 8 3.5 12.5 8",
  requests: "M2.500 3.500h11v7h-6l-3 2.500v-2.500h-2zM5 6h6M5 8h4",
  contacts:
    "M3 2.500h9.500v11H3zM1.500 5h2M1.500 8h2M1.500 11h2M8 7.500a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3zm-2.500 4c.2-1.500 1.100-2.500 2.500-2.500s2.300 1 2.500 2.500",
  person: "M8 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zm-5 5.5c.5-2.5 2.4-4 5-4s4.5 1.5 5 4",
  panel: "M2.5 3h11v10h-11zM10 3v10",
  list: "M2.5 3h11v10h-11zM6 3v10",
  lock: "M4 7.500h8v6H4zM5.5 7.500v-2a2.5 2.5 0 0 1 5 0v2",
  file: "M4 2.500h5l3 3v8H4zM9 2.500v3h3",
  reload: "M13 8a5 5 0 1 1-1.5-3.500M13 2.500v2.500h-2.5",
  more: "M3.500 8h.010M8 8h.010M12.500 8h.010",
  warning: "M8 2.500 14 13.500H2zM8 6.500v3.500M8 11.800v.010",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.500V11M8 5v.010",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.500V8l2.500 1.500",
  calendar: "M2.500 3.500h11v10h-11zM2.500 6.500h11M5.500 2v3M10.500 2v3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The circle that closes a conversation: empty while it is open, ticked once it is closed. */
export function CloseCircle({ closed }: { closed: boolean }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="6" />
      <path d="m5.5 8.2 1.8 1.8 3.2-3.8" class={closed ? undefined : "faint"} />
    </svg>
  );
}

/** A status is a shape as well as a colour: ring, half, bars, tick. */
export function StatusMark({
  status,
}: {
  status: "new" | "in_progress" | "pending" | "closed";
}): JSX.Element {
  return (
    <svg class={`status-mark ${status}`} viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="5.5" class="ring" />
      {status === "in_progress" && <path d="M8 4.500a3.5 3.5 0 0 1 0 7z" class="fill" />}
      {status === "pending" && <path d="M6.5 6v4M9.5 6v4" class="line" />}
      {status === "closed" && <path d="m5.5 8.2 1.8 1.8 3.2-3.8" class="line" />}
    </svg>
  );
}

/** Bars that grow with the priority, as a signal's strength. */
export function PriorityMark({ priority }: { priority: "low" | "medium" | "high" }): JSX.Element {
  const bars = { low: 1, medium: 2, high: 3 }[priority];
  return (
    <svg class={`priority-mark ${priority}`} viewBox="0 0 16 16" aria-hidden="true">
      {[0, 1, 2].map((bar) => (
        <rect
          key={bar}
          x={2.5 + bar * 4}
          y={9.5 - bar * 3}
          width="2.5"
          height={4 + bar * 3}
          rx="1"
          class={bar < bars ? "on" : "off"}
        />
      ))}
    </svg>
  );
}
