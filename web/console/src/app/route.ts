import type { Channel, Priority, RequestStatus } from "@guichet/shared/protocol";
import { CHANNELS, PRIORITIES, STATUSES } from "../requests/request";

export const VIEWS = ["all", "open", "mine", "unassigned", "closed"] as const;
export type View = (typeof VIEWS)[number];

/** In which order the list stands; named as `sort` of `GET /api/v1/requests`. */
export const ORDERS = ["-last_activity_at", "created_at", "-priority"] as const;
export type Order = (typeof ORDERS)[number];

/** What narrows a view down; named as in `GET /api/v1/requests`. All combine. */
export interface Filters {
  channel: Channel | null;
  status: RequestStatus | null;
  priority: Priority | null;
  reason_id: string | null;
  assignee_id: string | null;
  contact_id: string | null;
  /** Whether nothing came but what machines sent. */
  automatic: "true" | "false" | null;
  /** A number, or beginnings of words of the name and the subject. */
  q: string | null;
}

/** Which requests the list shows. */
export interface ListQuery extends Filters {
  view: View;
  order: Order;
}

export const SETTINGS = ["templates", "reasons", "forms", "contacts", "quarantine", "audit"] as const;
export type SettingsPage = (typeof SETTINGS)[number];

/** All that the address says: what is shown can be shared, bookmarked and gone back to. */
export interface Route extends ListQuery {
  requestId: string | null;
  /** Shown instead of the requests. */
  settings: SettingsPage | null;
  /** Whether the contacts are shown instead of the requests; what follows keeps one's place there. */
  contacts: boolean;
  /** The contact that is open, or what is done instead. */
  contactId: string | "new" | "import" | null;
  /** What contacts are searched for. */
  find: string | null;
  sort: ContactSort;
}

export const CONTACT_SORTS = ["name", "-name", "-updated_at"] as const;
export type ContactSort = (typeof CONTACT_SORTS)[number];

export const DEFAULT_VIEW: View = "open";

export const NO_FILTERS: Filters = {
  channel: null,
  status: null,
  priority: null,
  reason_id: null,
  assignee_id: null,
  contact_id: null,
  automatic: null,
  q: null,
};
const FILTERS = Object.keys(NO_FILTERS) as (keyof Filters)[];

export function isFiltered(filters: Filters): boolean {
  return FILTERS.some((filter) => filters[filter] !== null);
}

/** The part of the route that says which requests the list shows. */
export function listQuery(route: Route): ListQuery {
  const { requestId, settings, contacts, contactId, find, sort, ...query } = route;
  return query;
}

/** `/requests/<id>?view=mine&channel=chat`, `/contacts/<id>?find=ada`, `/settings/templates`; what is not understood counts as not said. */
export function parseRoute(url: URL): Route {
  const request = /^\/requests\/([^/]+)\/?$/.exec(url.pathname);
  const settings = /^\/settings\/([^/]+)\/?$/.exec(url.pathname);
  const contacts = /^\/contacts(?:\/([^/]+))?\/?$/.exec(url.pathname);
  const said = (name: keyof Filters) => url.searchParams.get(name) || null;
  return {
    requestId: request?.[1] ? decodeURIComponent(request[1]) : null,
    settings: oneOf(SETTINGS, settings?.[1] ?? null),
    contacts: contacts !== null,
    contactId: contacts?.[1] ? decodeURIComponent(contacts[1]) : null,
    find: url.searchParams.get("find") || null,
    sort: oneOf(CONTACT_SORTS, url.searchParams.get("sort")) ?? "name",
    order: oneOf(ORDERS, url.searchParams.get("order")) ?? ORDERS[0],
    view: oneOf(VIEWS, url.searchParams.get("view")) ?? DEFAULT_VIEW,
    channel: oneOf(CHANNELS, said("channel")),
    status: oneOf(STATUSES, said("status")),
    priority: oneOf(PRIORITIES, said("priority")),
    reason_id: said("reason_id"),
    assignee_id: said("assignee_id"),
    contact_id: said("contact_id"),
    automatic: oneOf(["true", "false"], said("automatic")),
    q: said("q"),
  };
}

export function formatRoute(route: Route): string {
  const query = new URLSearchParams();
  if (route.view !== DEFAULT_VIEW) query.set("view", route.view);
  for (const filter of FILTERS) {
    const value = route[filter];
    if (value) query.set(filter, value);
  }
  if (route.order !== ORDERS[0]) query.set("order", route.order);
  if (route.find) query.set("find", route.find);
  if (route.sort !== "name") query.set("sort", route.sort);
  return query.size === 0 ? pathOf(route) : `${pathOf(route)}?${query}`;
}

function pathOf({ settings, contacts, contactId, requestId }: Route): string {
  if (settings) return `/settings/${settings}`;
  if (contacts) return contactId === null ? "/contacts" : `/contacts/${encodeURIComponent(contactId)}`;
  return requestId === null ? "/" : `/requests/${encodeURIComponent(requestId)}`;
}

function oneOf<T extends string>(allowed: readonly T[], value: string | null): T | null {
  return allowed.find((candidate) => candidate === value) ?? null;
}
