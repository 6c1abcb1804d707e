import type { Channel, RequestStatus } from "@guichet/shared/protocol";
import { CHANNELS, STATUSES } from "../requests/request";

export const VIEWS = ["all", "open", "mine", "unassigned"] as const;
export type View = (typeof VIEWS)[number];

/** Which requests the list shows. */
export interface ListQuery {
  view: View;
  channel: Channel | null;
  status: RequestStatus | null;
}

/** All that the address says: what is shown can be shared, bookmarked and gone back to. */
export interface Route extends ListQuery {
  requestId: string | null;
}

export const DEFAULT_VIEW: View = "open";

/** `/requests/<id>?view=mine&channel=chat`; what is not understood counts as not said. */
export function parseRoute(url: URL): Route {
  const path = /^\/requests\/([^/]+)\/?$/.exec(url.pathname);
  return {
    requestId: path?.[1] ? decodeURIComponent(path[1]) : null,
    view: oneOf(VIEWS, url.searchParams.get("view")) ?? DEFAULT_VIEW,
    channel: oneOf(CHANNELS, url.searchParams.get("channel")),
    status: oneOf(STATUSES, url.searchParams.get("status")),
  };
}

export function formatRoute({ requestId, view, channel, status }: Route): string {
  const path = requestId === null ? "/" : `/requests/${encodeURIComponent(requestId)}`;
  const query = new URLSearchParams();
  if (view !== DEFAULT_VIEW) query.set("view", view);
  if (channel) query.set("channel", channel);
  if (status) query.set("status", status);
  return query.size === 0 ? path : `${path}?${query}`;
}

function oneOf<T extends string>(allowed: readonly T[], value: string | null): T | null {
  return allowed.find((candidate) => candidate === value) ?? null;
}
