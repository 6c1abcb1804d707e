import { describe, expect, it } from "vitest";
import { formatRoute, NO_FILTERS, parseRoute, type Route } from "../src/app/route";

const START: Route = {
  ...NO_FILTERS,
  ...{ requestId: null, settings: null, view: "open", order: "-last_activity_at" as const },
  ...{ contacts: false, contactId: null, find: null, sort: "name" },
};
const parse = (path: string) => parseRoute(new URL(path, "https://guichet.example"));

describe("the address", () => {
  it("says the request, the view and the filters", () => {
    expect(parse("/requests/r-1?view=mine&channel=chat&status=pending&q=Ada+48213")).toEqual({
      ...START,
      requestId: "r-1",
      view: "mine",
      channel: "chat",
      status: "pending",
      q: "Ada 48213",
    });
  });

  it("shows the open requests when it says nothing", () => {
    expect(parse("/")).toEqual(START);
  });

  it("counts what it does not know as not said", () => {
    expect(parse("/elsewhere?view=secret&channel=fax&status=lost&priority=urgent&q=")).toEqual(START);
    expect(parse("/settings/secret")).toEqual(START);
  });

  it.each([
    [START],
    [{ ...START, requestId: "a/b?c", view: "all", channel: "email", status: "closed" }],
    [{ ...START, requestId: "r-1", priority: "high", reason_id: "m", assignee_id: "a", contact_id: "c" }],
    [{ ...START, settings: "templates", q: "Élodie & co" }],
    [{ ...START, contacts: true }],
    [{ ...START, contacts: true, contactId: "c/1", find: "Élodie & co", sort: "-updated_at", view: "mine" }],
    [{ ...START, view: "closed", order: "created_at" }],
  ] satisfies [Route][])("is understood again as it was written: %o", (route) => {
    expect(parse(formatRoute(route))).toEqual(route);
  });

  it("leaves out what goes without saying", () => {
    expect(formatRoute({ ...START, requestId: "r-1" })).toBe("/requests/r-1");
  });
});
