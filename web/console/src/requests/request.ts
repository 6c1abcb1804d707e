import type { Channel, Priority, Request, RequestStatus } from "@guichet/shared/protocol";

export const CHANNELS: readonly Channel[] = ["chat", "email", "web_form", "manual"];
export const STATUSES: readonly RequestStatus[] = ["new", "in_progress", "pending", "closed"];
export const PRIORITIES: readonly Priority[] = ["low", "medium", "high"];

/** `new` is how a request begins; an agent sets the others. */
export const SETTABLE_STATUSES = ["in_progress", "pending", "closed"] as const;

/** What an agent changes in place; each is saved alone, at once. */
export type Editable = Pick<Request, "status" | "priority" | "subject" | "reason_id">;
export type Field = keyof Editable;

type Named = Pick<Request, "contact" | "visitor">;

/** The contact's name, else what the visitor gave, else "Visiteur 4F2A" from the end of the visitor's id. */
export function displayName({ contact, visitor }: Named, visitorWord: string): string {
  const given = contact?.name || visitor?.name;
  if (given || !visitor) return given || visitorWord;
  return `${visitorWord} ${visitor.id.replaceAll("-", "").slice(-4).toUpperCase()}`;
}

/** What a request is known by in a list: whose it is, or, while that is nobody known, what it is about. */
export function heading(request: Named & Pick<Request, "subject">, visitorWord: string): string {
  const { contact, visitor, subject } = request;
  return (!contact && !visitor && subject) || displayName(request, visitorWord);
}
