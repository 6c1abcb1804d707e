import { describe, expect, it } from "vitest";
import { contentId, countRemote, wantsPaper } from "../src/emails/email_html";

describe("the HTML of an e-mail", () => {
  it("tells how many of its images are elsewhere", () => {
    const html =
      '<img src="remote:https://a.example/1.png"><img alt="x" src="cid:logo"><img src="remote:http://b/2">';
    expect(countRemote(html)).toBe(2);
    expect(countRemote("remote:https://a.example is written here")).toBe(0);
  });

  it("is shown on white paper when it sets colours, and in the console's own otherwise", () => {
    expect(wantsPaper('<p style="color: #333">Bonjour</p>')).toBe(true);
    expect(wantsPaper('<td bgcolor="#eee">Bonjour</td>')).toBe(true);
    expect(wantsPaper('<p style="font-weight: bold">Bonjour</p>')).toBe(false);
  });

  it("names its inline images as the mail does, escaped or not", () => {
    expect(contentId("cid:ii_1%40mail.example")).toBe("ii_1@mail.example");
    expect(contentId("CID:logo")).toBe("logo");
    expect(contentId("cid:100%")).toBe("100%");
    expect(contentId("remote:https://a.example/1.png")).toBeNull();
  });
});
