import { describe, expect, it } from "vitest";
import { formatRoute, parseRoute, type Route } from "../src/app/route";

const parse = (path: string) => parseRoute(new URL(path, "https://guichet.example"));

describe("the address", () => {
  it("says the request, the view and the filters", () => {
    expect(parse("/requests/r-1?view=mine&channel=chat&status=pending")).toEqual({
      requestId: "r-1",
      view: "mine",
      channel: "chat",
      status: "pending",
    });
  });

  it("shows the open requests when it says nothing", () => {
    expect(parse("/")).toEqual({ requestId: null, view: "open", channel: null, status: null });
  });

  it("counts what it does not know as not said", () => {
    expect(parse("/elsewhere?view=secret&channel=fax&status=lost")).toEqual(parse("/"));
  });

  it.each<Route>([
    { requestId: null, view: "open", channel: null, status: null },
    { requestId: "a/b?c", view: "all", channel: "email", status: "closed" },
    { requestId: "r-1", view: "unassigned", channel: null, status: "new" },
  ])("is understood again as it was written: %o", (route) => {
    expect(parse(formatRoute(route))).toEqual(route);
  });

  it("leaves out what goes without saying", () => {
    expect(formatRoute({ requestId: "r-1", view: "open", channel: null, status: null })).toBe(
      "/requests/r-1",
    );
  });
});
