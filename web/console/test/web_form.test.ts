import { describe, expect, it } from "vitest";
import { type FormField, keyFor, linesOf, named, originsOf, snippetOf } from "../src/forms/web_form";

const field = (label: string, name = ""): FormField => ({
  name,
  kind: "text",
  label,
  required: false,
  options: [],
});
const names = (fields: FormField[]) => named(fields).map(({ name }) => name);

describe("the names of a form's fields", () => {
  it("come from their labels", () => {
    expect(names([field("Numéro de commande"), field("Téléphone ?")])).toEqual([
      "numero_de_commande",
      "telephone",
    ]);
  });

  it("stay when the label changes, as answers are known by them", () => {
    expect(names([field("N° de commande", "commande")])).toEqual(["commande"]);
  });

  it("differ where labels are the same", () => {
    expect(names([field("Commande"), field("Commande", "commande"), field("Commande")])).toEqual([
      "commande_2",
      "commande",
      "commande_3",
    ]);
  });

  it("are what the service takes, whatever the label", () => {
    const labels = ["2e adresse", "???", "電話番号", "a".repeat(80)];
    for (const name of names(labels.map((label) => field(label))))
      expect(name).toMatch(/^[a-z][a-z0-9_]{0,39}$/);
  });
});

describe("the key of a form", () => {
  it("follows its name", () => {
    expect(keyFor("Nous écrire (Lyon)")).toBe("nous-ecrire-lyon");
  });
});

describe("the sites that may show a form", () => {
  it("are one a line, without their paths", () => {
    expect(originsOf(" https://www.example.com/contact \n\nhttp://localhost:8081")).toEqual({
      origins: ["https://www.example.com", "http://localhost:8081"],
      wrong: [],
    });
  });

  it.each(["www.example.com", "ftp://example.com", "https://"])("are told apart from %s", (line) => {
    expect(originsOf(line).wrong).toEqual([line]);
  });

  it("get a snippet that a name cannot break out of", () => {
    const snippet = snippetOf({ key: "demo", name: '"><script>' }, "https://desk.example.com");
    expect(snippet).toContain('src="https://desk.example.com/forms/demo"');
    expect(snippet).toContain('title="&quot;><script>"');
  });
});

describe("lines", () => {
  it("that say nothing are left out", () => {
    expect(linesOf(" Lyon \n\n Paris")).toEqual(["Lyon", "Paris"]);
  });
});
