import { type ReadonlySignal, signal } from "@preact/signals";
import { formatRoute, parseRoute, type Route } from "./route";

/** What an address leaves unsaid of the other place stays, so that one comes back to where one was. */
function keptPlaces(before: Route, after: Route): Route {
  if (after.contacts || after.settings) return { ...after, requestId: before.requestId };
  return { ...after, contactId: before.contactId };
}

/** The address bar as a signal. */
export class Router {
  private readonly current = signal(parseRoute(new URL(location.href)));
  readonly route: ReadonlySignal<Route> = this.current;

  /** Follows the back and forward buttons. */
  start(): void {
    addEventListener("popstate", () => {
      this.current.value = keptPlaces(this.current.value, parseRoute(new URL(location.href)));
    });
  }

  href(change: Partial<Route>): string {
    return formatRoute({ ...this.current.value, ...change });
  }

  /** @param step `replace` for what changes while one types, which nobody wants to go back through */
  go(change: Partial<Route>, step: "push" | "replace" = "push"): void {
    const href = this.href(change);
    if (href !== location.pathname + location.search) history[`${step}State`](null, "", href);
    this.current.value = { ...this.current.value, ...change };
  }
}
