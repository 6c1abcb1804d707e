import type { Locale } from "@guichet/shared/i18n";

/** Why customers write, as administrators have listed it. */
export interface Reason {
  id: string;
  label: Record<Locale, string>;
  /** An inactive one stays on the requests that have it, and cannot be chosen any more. */
  active: boolean;
  position: number;
  version: number;
}

/** Those that can be chosen, and the one that is. */
export function choices(reasons: readonly Reason[], chosen: string | null): Reason[] {
  return reasons.filter(({ id, active }) => active || id === chosen);
}
