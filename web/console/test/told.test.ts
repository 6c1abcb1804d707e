import type { Request } from "@guichet/shared/protocol";
import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Choices, DEFAULTS, isSilent, KeptChoices } from "../src/told/choices";
import { type News, Told } from "../src/told/told";
import { request } from "./fakes";

const CARO = { id: "caro", name: "Caro Agent", initials: "CA" };
const ALEX = { id: "alex", name: "Alex Agent", initials: "AA" };

function bench(chosen: Partial<Choices> = {}) {
  const announced: string[][] = [];
  const eyes = { on: "" };
  const choices = signal<Choices>({ ...DEFAULTS, ...chosen });
  const told = new Told({
    me: "caro",
    choices,
    looksAt: (id) => eyes.on === id,
    announce: (news: readonly News[]) =>
      announced.push(news.map(({ request: { id }, what }) => `${id} ${what}`)),
  });
  const heard = (id: string, minute: number, change: Partial<Request>) =>
    told.heard(request(id, minute, change));
  const later = () => vi.advanceTimersByTime(10_000);
  return { told, heard, later, announced, eyes, choices };
}

beforeEach(() => {
  vi.useFakeTimers({ now: new Date(2026, 0, 5, 14, 0) });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("what an agent is told of", () => {
  it("is a message on a request of theirs or of nobody's, and on no other", () => {
    const { told, heard, later, announced } = bench();
    told.read([request("mine", 1, { assignee: CARO }), request("alexs", 1, { assignee: ALEX })], false);
    heard("mine", 2, { assignee: CARO, unread: 1, version: 2 });
    heard("alexs", 2, { assignee: ALEX, unread: 1, version: 2 });
    heard("nobodys", 2, { unread: 1 });
    later();
    expect(announced).toEqual([["mine said", "nobodys said"]]);
    expect(told.count.value).toBe(2);
  });

  it("is that a request became theirs", () => {
    const { told, heard, later, announced } = bench();
    told.read([request("a", 1), request("b", 1, { assignee: ALEX, unread: 1 })], false);
    heard("a", 1, { assignee: CARO, version: 2 });
    heard("b", 2, { assignee: CARO, unread: 2, version: 2 });
    heard("made by hand for herself", 3, { assignee: CARO });
    later();
    expect(announced).toEqual([["a assigned", "b said"]]);
    expect(told.count.value).toBe(2);
  });

  it("is not what she looks at, what was only edited, or what is closed", () => {
    const { told, heard, later, announced, eyes } = bench();
    told.read([request("read long ago", 1, { unread: 3 })], false);
    eyes.on = "before the eyes";
    heard("before the eyes", 2, { unread: 1 });
    heard("read long ago", 2, { unread: 3, priority: "high", version: 2 });
    heard("closed", 2, { unread: 1, status: "closed" });
    later();
    expect(announced).toEqual([]);
    expect(told.count.value).toBe(0);
  });

  it("is nothing old: of a request that was never shown only what lives now", () => {
    const { told, heard, later, announced } = bench();
    told.read([request("newest", 50)], false);
    heard("of long ago, edited", 10, { unread: 2, version: 7 });
    heard("of this minute", 49.5, { unread: 1 });
    later();
    expect(announced).toEqual([["of this minute said"]]);
  });

  it("is as chosen, and a choice changes the count at once", () => {
    const { told, heard, later, announced, choices } = bench({ unassigned: false });
    heard("nobodys", 2, { unread: 1 });
    later();
    expect(announced).toEqual([]);
    expect(told.count.value).toBe(0);
    choices.value = { ...choices.value, unassigned: true };
    expect(told.count.value).toBe(1);
  });

  it("is what came while there was no connection, but not what a list shows for the first time", () => {
    const { told, later, announced } = bench();
    told.read([request("a", 5), request("b", 4, { unread: 1 })], false);
    told.read([request("another list", 9, { unread: 1 })], false);
    later();
    expect(announced).toEqual([]);
    told.read(
      [
        request("new", 11, { unread: 1 }),
        request("a", 10, { unread: 1, version: 2 }),
        request("old", 1, { unread: 1 }),
      ],
      true,
    );
    later();
    expect(announced).toEqual([["new said", "a said"]]);
  });
});

describe("what waits", () => {
  it("waits until she looks at it, somebody reads it, takes it or closes it", () => {
    const { told, heard } = bench();
    for (const id of ["looked at", "read", "taken", "closed", "left"]) heard(id, 2, { unread: 1 });
    expect(told.count.value).toBe(5);
    told.looked("looked at");
    heard("read", 3, { unread: 0, version: 2 });
    heard("taken", 3, { unread: 1, assignee: ALEX, version: 2 });
    heard("closed", 3, { unread: 1, status: "closed", version: 2 });
    expect(told.count.value).toBe(1);
  });

  it("is told again when more is said, and not when an older state of it arrives late", () => {
    const { told, heard, later, announced } = bench();
    heard("a", 2, { unread: 1, version: 3 });
    later();
    heard("a", 1, { unread: 2, version: 2 });
    later();
    heard("a", 3, { unread: 2, version: 4 });
    later();
    expect(announced).toEqual([["a said"], ["a said"]]);
    expect(told.count.value).toBe(1);
  });

  it("because it was assigned waits for her, though nothing on it is unread", () => {
    const { told, heard } = bench();
    told.read([request("a", 1)], false);
    heard("a", 1, { assignee: CARO, version: 2 });
    heard("a", 1, { assignee: CARO, priority: "high", version: 3 });
    expect(told.count.value).toBe(1);
    told.looked("a");
    expect(told.count.value).toBe(0);
  });
});

describe("an announcement", () => {
  it("is one for a burst, and the next comes after a pause", () => {
    const { heard, announced } = bench();
    for (let n = 0; n < 10; n += 1) heard(`${n}`, 2, { unread: 1 });
    vi.advanceTimersByTime(500);
    expect(announced.map((news) => news.length)).toEqual([10]);
    for (let n = 10; n < 20; n += 1) {
      heard(`${n}`, 2, { unread: 1 });
      vi.advanceTimersByTime(300);
    }
    expect(announced).toHaveLength(1);
    vi.advanceTimersByTime(3_000);
    expect(announced.map((news) => news.length)).toEqual([10, 10]);
  });

  it("leaves out what was looked at meanwhile", () => {
    const { told, heard, later, announced } = bench();
    heard("a", 2, { unread: 1 });
    told.looked("a");
    later();
    expect(announced).toEqual([]);
  });

  it("is not made in hours of silence, while the count goes on", () => {
    const { told, heard, later, announced } = bench({ silence: { from: "13:00", until: "15:00" } });
    heard("a", 2, { unread: 1 });
    later();
    expect(announced).toEqual([]);
    expect(told.count.value).toBe(1);
  });

  it("is not made after the desk was left", () => {
    const { told, heard, later, announced } = bench();
    heard("a", 2, { unread: 1 });
    told.stop();
    later();
    expect(announced).toEqual([]);
  });
});

describe("hours of silence", () => {
  const at = (hours: number, minutes = 0) => new Date(2026, 0, 5, hours, minutes);

  it("begin with their first minute and end before their last", () => {
    const noon = { from: "12:00", until: "13:30" };
    expect([at(11, 59), at(12), at(13, 29), at(13, 30)].map((now) => isSilent(noon, now))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it("may go over midnight, or be all day, or none", () => {
    const night = { from: "19:00", until: "08:00" };
    expect([at(18, 59), at(23), at(0), at(7, 59), at(8)].map((now) => isSilent(night, now))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(isSilent({ from: "08:00", until: "08:00" }, at(3))).toBe(true);
    expect(isSilent(null, at(3))).toBe(false);
  });
});

describe("the choices", () => {
  const storage = (kept: Record<string, string> = {}) => ({
    kept,
    getItem: (key: string) => kept[key] ?? null,
    setItem: (key: string, value: string) => {
      kept[key] = value;
    },
  });

  it("are kept for each agent who uses the browser", () => {
    const shared = storage();
    new KeptChoices(shared, "caro").set({ sound: false, silence: { from: "19:00", until: "08:00" } });
    expect(new KeptChoices(shared, "caro").chosen.value).toEqual({
      ...DEFAULTS,
      sound: false,
      silence: { from: "19:00", until: "08:00" },
    });
    expect(new KeptChoices(shared, "alex").chosen.value).toEqual(DEFAULTS);
  });

  it.each([
    "",
    "null",
    "no JSON",
    "[]",
    '{"mine":"yes","silence":{"from":"25:00","until":"08:00"}}',
    '{"silence":7}',
  ])("that are not understood (%s) count as not made", (kept) => {
    expect(new KeptChoices(storage({ "guichet.told.caro": kept }), "caro").chosen.value).toEqual(DEFAULTS);
  });
});
