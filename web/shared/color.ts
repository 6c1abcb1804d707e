/** The site's own colour, and what can be read on it. */

const WHITE = "#ffffff";
const BLACK = "#000000";

/** `#rgb` or `#rrggbb` as `#rrggbb`; null for anything else. */
export function parseColor(value: string | null | undefined): string | null {
  if (/^#[\da-f]{6}$/i.test(value ?? "")) return value as string;
  if (/^#[\da-f]{3}$/i.test(value ?? "")) return (value as string).replace(/[\da-f]/gi, "$&$&");
  return null;
}

/** White or black, whichever contrasts more: at least 4.58 : 1 on any colour. */
export function textOn(color: string): string {
  // As `contrast` with each would say: 1.05 / light against light / 0.05. Shorter, since every page pays for it.
  const light = luminance(color) + 0.05;
  return light * light <= 1.05 * 0.05 ? WHITE : BLACK;
}

/** Contrast ratio, 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** WCAG 2.2, "relative luminance". */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
