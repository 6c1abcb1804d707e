import type { Agent } from "@guichet/shared/protocol";
import { SETTINGS, type SettingsPage } from "../app/route";

const ALLOWED: Record<SettingsPage, readonly Agent["role"][]> = {
  templates: ["admin"],
  reasons: ["admin"],
  forms: ["admin"],
  contacts: ["supervisor", "admin"],
  quarantine: ["supervisor", "admin"],
  audit: ["admin"],
};

/** The pages that the agent may use; the services check it too. */
export function settingsFor({ role }: Pick<Agent, "role">): SettingsPage[] {
  return SETTINGS.filter((page) => ALLOWED[page].includes(role));
}

/** Whether supervisors may use the page, or administrators alone. */
export function isForSupervisors(page: SettingsPage): boolean {
  return ALLOWED[page].includes("supervisor");
}
