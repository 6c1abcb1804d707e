import { describe, expect, it } from "vitest";
import { linkify } from "../links";

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

  it("ends at marks that nobody sees, and at the punctuation of China and Japan", () => {
    expect(linkify("\u202ehttps://a.example/x\u202c")).toEqual([
      "\u202e",
      link("https://a.example/x"),
      "\u202c",
    ]);
    expect(linkify("请看https://a.example/x，谢谢")).toEqual(["请看", link("https://a.example/x"), "，谢谢"]);
    expect(linkify("https://a.example/x\u200b.")).toEqual([link("https://a.example/x"), "\u200b."]);
  });

  it("is looked for in a long text without one in no time at all", () => {
    // Where each character looked at all that follow, this would take hours.
    for (const part of ["_a", "'", "é+", "a@a.", "x@y_", "www.a@", "https://)"]) {
      const text = part.repeat(200_000 / part.length);
      expect(
        linkify(text)
          .map((one) => (typeof one === "string" ? one : one.text))
          .join(""),
      ).toBe(text);
    }
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
      "www.",
      "www.example",
      "@lea",
      "lea@example",
      "1@2",
    ]) {
      expect(linkify(text)).toEqual([text]);
    }
  });

  it("keeps the brackets that were opened in it", () => {
    const wiki = "https://fr.example/wiki/Lampe_(objet)";
    expect(linkify(`Voir ${wiki}.`)).toEqual(["Voir ", link(wiki), "."]);
    expect(linkify(`(${wiki})`)).toEqual(["(", link(wiki), ")"]);
    expect(linkify("[https://a.example/[1]]")).toEqual(["[", link("https://a.example/[1]"), "]"]);
    expect(linkify("(voir https://a.example/(a)/b)")).toEqual([
      "(voir ",
      link("https://a.example/(a)/b"),
      ")",
    ]);
  });

  it("may begin with www", () => {
    expect(linkify("www.boutique.example/a, ou (WWW.B.example)")).toEqual([
      link("https://www.boutique.example/a", "www.boutique.example/a"),
      ", ou (",
      link("https://www.b.example/", "WWW.B.example"),
      ")",
    ]);
  });

  it("may be an e-mail address", () => {
    expect(linkify("Écrivez à lea.martin+a@example.org.")).toEqual([
      "Écrivez à ",
      link("mailto:lea.martin+a@example.org", "lea.martin+a@example.org"),
      ".",
    ]);
    expect(linkify("Léa <lea@mail.example.co.uk>")).toEqual([
      "Léa <",
      link("mailto:lea@mail.example.co.uk", "lea@mail.example.co.uk"),
      ">",
    ]);
    expect(linkify("https://u@a.example/@x")).toEqual([link("https://u@a.example/@x")]);
  });
});
