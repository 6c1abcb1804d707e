/** Which rows of a long list need to exist: those in sight, and a few more on each side. */
const SPARE = 8;

export interface RowWindow {
  first: number;
  /** One past the last. */
  end: number;
}

export function rowWindow(scrollTop: number, height: number, row: number, count: number): RowWindow {
  const first = Math.max(0, Math.floor(scrollTop / row) - SPARE);
  const end = Math.min(count, Math.ceil((scrollTop + height) / row) + SPARE);
  return { first: Math.min(first, end), end };
}
