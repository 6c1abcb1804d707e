import { describe, expect, it } from "vitest";
import { welcomeToken } from "../src/session/welcome";

const TOKEN = "Zx3-9_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789AB";

describe("the token of a welcome link", () => {
  it("stands behind #/welcome/", () => expect(welcomeToken(`#/welcome/${TOKEN}`)).toBe(TOKEN));

  it.each([
    "",
    "#",
    "#/welcome/",
    `#/welcome/${TOKEN}/more`,
    `#welcome/${TOKEN}`,
    "#/welcome/<script>alert(1)</script>",
  ])("is not in %s", (hash) => expect(welcomeToken(hash)).toBeNull());
});
