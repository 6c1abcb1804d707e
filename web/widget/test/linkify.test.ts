import { describe, expect, it } from "vitest";
import { linkify } from "../frame/linkify";

const link = (href: string, text = href) => ({ href, text });

describe("an address in a text", () => {
  it("becomes a link between its words", () => {
    expect(linkify("voir https://a.example/x?y=1#z ici")).toEqual([
      "voir ",
      link("https://a.example/x?y=1#z"),
      " ici",
    ]);
  });

  it("does not take the punctuation that follows it", () => {
    expect(linkify("(https://a.example/x).")).toEqual(["(", link("https://a.example/x"), ")."]);
    expect(linkify("« http://a.example/ »")).toEqual(["« ", link("http://a.example/"), " »"]);
  });

  it("is shown as written and leads where the browser reads it", () => {
    expect(linkify("HTTPS://A.example")).toEqual([link("https://a.example/", "HTTPS://A.example")]);
  });

  it("is http or https, and nothing that runs", () => {
    for (const text of [
      "javascript:alert(1)",
      "data:text/html,x",
      "ftp://a.example",
      "a.example",
      "https://",
    ]) {
      expect(linkify(text)).toEqual([text]);
    }
  });
});
