import { beforeEach, describe, expect, it, vi } from "vitest";
import { Later } from "../frame/later";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => {});
  return () => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  };
});

describe("a part that is loaded later", () => {
  it("is loaded once, when it is first asked for, and then it is told", async () => {
    const load = vi.fn(async () => "part");
    const changed = vi.fn();
    const later = new Later(load, changed);
    expect(later.current).toBeUndefined();
    expect(later.now).toBeUndefined();
    expect(await later.get()).toBe("part");
    expect(later.now).toBe("part");
    expect([load.mock.calls.length, changed.mock.calls.length]).toEqual([1, 1]);
  });

  it("that could not be loaded is tried again after a while, not at once", async () => {
    const load = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new Error("no network"));
    load.mockResolvedValue("part");
    const later = new Later(load, () => {});
    expect(await later.get()).toBeUndefined();
    expect(await later.get()).toBeUndefined();
    expect([later.failed, load.mock.calls.length]).toEqual([true, 1]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await later.get()).toBe("part");
    expect(later.failed).toBe(false);
  });
});
