import { describe, expect, it } from "vitest";
import { findTemplates, type Template, unfilled } from "../src/templates/template";

const template = (name: string, body: string): Template => ({
  ...{ id: name, name, body, language: "fr", attachments: [] },
  ...{ position: 0, version: 1 },
});
const TEMPLATES = [
  template("Accusé de réception", "Bonjour, nous avons bien reçu votre demande."),
  template("Retour", "Voici nos conditions."),
  template("Délai", "Votre retour est en route."),
];
const found = (typed: string) => findTemplates(TEMPLATES, typed).map(({ name }) => name);

describe("the search for a template", () => {
  it("finds all words in any order, without regard to accents and case", () => {
    expect(found("RECU accuse")).toEqual(["Accusé de réception"]);
  });

  it("puts those that are called so before those that say so", () => {
    expect(found("retour")).toEqual(["Retour", "Délai"]);
  });

  it("keeps the administrators' order while nothing is typed", () => {
    expect(found(" ")).toEqual(["Accusé de réception", "Retour", "Délai"]);
  });
});

describe("a text to be sent", () => {
  it("has its unfilled placeholders told, with their places", () => {
    expect(unfilled("Bonjour {{contact.first_name}}, {{ order.delay }} jours")).toEqual([
      { name: "contact.first_name", start: 8, end: 30 },
      { name: "order.delay", start: 32, end: 49 },
    ]);
  });

  it("may have braces of its own", () => {
    expect(unfilled("function f() { return {}; } {a} }} {{")).toEqual([]);
    expect(unfilled("{{ … }} {{ 'a' | t }} {{ price | money }} {{}} {{ }} {{#if a}}")).toEqual([]);
  });
});
