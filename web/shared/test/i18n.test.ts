import { describe, expect, it } from "vitest";
import { formatAge, formatDay, pickLocale, translator } from "../i18n";

const fr = {
  send: "Envoyer",
  greeting: "Bonjour {name}",
  unread: { one: "{count} message non lu", other: "{count} messages non lus" },
} as const;
const en = {
  send: "Send",
  greeting: "Hello {name}",
  unread: { one: "{count} unread message", other: "{count} unread messages" },
};

describe("a translation", () => {
  const french = translator({ fr, en }, "fr");
  const english = translator({ fr, en }, "en");

  it("is in the language asked for, with its placeholders filled", () => {
    expect(french("send")).toBe("Envoyer");
    expect(english("greeting", { name: "Ada" })).toBe("Hello Ada");
  });

  it("has the plural of its language: none is singular in French only", () => {
    expect(french("unread", { count: 0 })).toBe("0 message non lu");
    expect(english("unread", { count: 0 })).toBe("0 unread messages");
    expect(french("unread", { count: 2 })).toBe("2 messages non lus");
  });

  it("writes numbers as its language does", () => {
    expect(english("unread", { count: 1234 })).toBe("1,234 unread messages");
  });

  it("does not take a missing key or placeholder: the compiler refuses", () => {
    // @ts-expect-error: no such key
    expect(() => french("missing")).toThrow();
    // @ts-expect-error: the name is missing
    expect(french("greeting")).toBe("Bonjour ");
  });
});

describe("the language", () => {
  it("is the choice, then what the browser prefers and is known, then French", () => {
    expect(pickLocale("en", ["fr-FR"])).toBe("en");
    expect(pickLocale(null, ["de-DE", "en-GB", "fr"])).toBe("en");
    expect(pickLocale("it", ["de"])).toBe("fr");
  });
});

describe("a time", () => {
  const now = new Date(2026, 2, 10, 12, 0);
  const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

  it("is relative under 24 hours", () => {
    expect(formatAge("fr", ago(0), now)).toBe("maintenant");
    expect(formatAge("fr", ago(5), now)).toMatch(/5\smin/);
    expect(formatAge("en", ago(3 * 60), now)).toMatch(/3\shr/);
  });

  it("is absolute from then on", () => {
    expect(formatAge("fr", ago(24 * 60), now)).toContain("9 mars 2026");
  });

  it("is never in the future, whatever the clocks say", () => {
    expect(formatAge("en", ago(-2), now)).toBe("now");
  });

  it("names today and yesterday, and the year of another one", () => {
    expect(formatDay("fr", ago(60), now)).toBe("aujourd’hui");
    expect(formatDay("fr", ago(24 * 60), now)).toBe("hier");
    expect(formatDay("fr", new Date(2026, 2, 3), now)).toBe("mardi 3 mars");
    expect(formatDay("en", new Date(2025, 11, 31), now)).toContain("2025");
  });
});
