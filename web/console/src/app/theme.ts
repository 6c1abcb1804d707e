import { type ReadonlySignal, signal } from "@preact/signals";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const CHOICE = "guichet.theme";

/** Light or dark: as the system says, until the agent chooses. */
export class Appearance {
  private readonly chosen = signal<Theme>(
    THEMES.find((theme) => theme === localStorage.getItem(CHOICE)) ?? "system",
  );
  readonly theme: ReadonlySignal<Theme> = this.chosen;

  constructor() {
    this.apply();
  }

  choose(theme: Theme): void {
    localStorage.setItem(CHOICE, theme);
    this.chosen.value = theme;
    this.apply();
  }

  private apply(): void {
    const theme = this.chosen.value;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }
}
