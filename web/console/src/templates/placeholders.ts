import type { T } from "../words/words";

/** What templates can name of the contact, the agent and the request; the service fills them. */
export const PLACEHOLDERS = ["contact.first_name", "contact.name", "agent.name", "request.number"] as const;

/** In words; one that nothing knows, by its name. */
export function tellPlaceholder(name: string, t: T): string {
  const known = PLACEHOLDERS.find((candidate) => candidate === name);
  return known ? t(`placeholder.${known}`) : name;
}
