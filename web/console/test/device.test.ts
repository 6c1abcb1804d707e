import { describe, expect, it } from "vitest";
import { tellDevice } from "../src/agents/device";

const KHTML = "(KHTML, like Gecko)";

describe("a browser", () => {
  it.each([
    [
      `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 ${KHTML} Chrome/156.0.0.0 Safari/537.36`,
      "Chrome, Linux",
    ],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 ${KHTML} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0`,
      "Edge, Windows",
    ],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox, Windows"],
    [
      `Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 ${KHTML} Version/19.0 Mobile/15E148 Safari/604.1`,
      "Safari, iPhone",
    ],
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 ${KHTML} Version/19.0 Safari/605.1.15`,
      "Safari, macOS",
    ],
    [
      `Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 ${KHTML} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36`,
      "Samsung Internet, Android",
    ],
  ])("is told by its name and its system: %s", (userAgent, told) => {
    expect(tellDevice(userAgent)).toBe(told);
  });

  it.each(["", "curl/8.9", "Lynx/2.9 Linux", "Windows"])(
    "that is none of these is told as it says: %j",
    (userAgent) => {
      expect(tellDevice(userAgent)).toBe(userAgent);
    },
  );
});
