import { translator } from "@guichet/shared/i18n";
import type { TimelineEvent } from "@guichet/shared/protocol";
import { describe, expect, it } from "vitest";
import { displayName, heading } from "../src/requests/request";
import { tellEvent } from "../src/timeline/event_text";
import { en } from "../src/words/en";
import { fr } from "../src/words/fr";
import { item, request } from "./fakes";

const caro = { kind: "agent", id: "caro", name: "Caro Agent" } as const;
const t = translator({ fr, en }, "fr");
const tell = (event: TimelineEvent | undefined, text = "") =>
  tellEvent(item("e", 1, { kind: "event", text, ...(event && { event }) }), "Visiteur 4F2A", t, (id) =>
    id === "r2" ? "Panne" : undefined,
  );

describe("an event in words", () => {
  it.each<[TimelineEvent, string]>([
    [
      { name: "assigned", to: { id: "caro", name: "Caro Agent" }, by: caro },
      "Caro Agent s’est attribué la demande",
    ],
    [
      { name: "assigned", to: { id: "alex", name: "Alex Martin" }, by: caro },
      "Caro Agent a attribué la demande à Alex Martin",
    ],
    [
      { name: "status_changed", from: "new", to: "in_progress", by: caro },
      "Statut : Nouvelle → En cours, par Caro Agent",
    ],
    [{ name: "subject_changed", from: null, to: "pending", by: caro }, "Objet : « pending », par Caro Agent"],
    [
      { name: "reason_changed", from: null, to: { id: "r2", name: "Fault" }, by: caro },
      "Motif : aucun → Panne, par Caro Agent",
    ],
    [
      { name: "email_repeated", from: null, to: "pending", by: { kind: "system", id: "", name: null } },
      "L’e-mail « pending » est arrivé une seconde fois : il n’est affiché qu’une fois",
    ],
    [
      { name: "conversation_closed", to: "pending", by: caro },
      "Conversation clôturée par Caro Agent, demande : en attente",
    ],
    [
      { name: "conversation_opened", by: { kind: "visitor", id: "v", name: null } },
      "Conversation ouverte par Visiteur 4F2A",
    ],
  ])("%o", (event, text) => {
    expect(tell(event)).toBe(text);
  });

  it("falls back on the server's words for a kind not known here", () => {
    expect(tell(undefined, "Merged with request 12")).toBe("Merged with request 12");
  });
});

describe("the name that a request shows", () => {
  it("is the contact's, else what the visitor gave, else a mark of the visitor", () => {
    const visitor = { id: "0198f0aa-0000-7000-8000-000000004f2a", name: "Ada", email: null };
    const contact = { id: "c", name: "Ada Lovelace", email: null };
    expect(displayName(request("r", 1, { visitor, contact }), "Visiteur")).toBe("Ada Lovelace");
    expect(displayName(request("r", 1, { visitor }), "Visiteur")).toBe("Ada");
    expect(displayName(request("r", 1, { visitor: { ...visitor, name: null } }), "Visiteur")).toBe(
      "Visiteur 4F2A",
    );
    expect(displayName(request("r", 1, { visitor: null }), "Visiteur")).toBe("Visiteur");
  });

  it("is what it is about in a list, while it is nobody's who is known", () => {
    const byHand = request("r", 1, { visitor: null, subject: "Rappeler le plombier" });
    expect(heading(byHand, "Visiteur")).toBe("Rappeler le plombier");
    expect(heading({ ...byHand, subject: null }, "Visiteur")).toBe("Visiteur");
    const contact = { id: "c", name: "Ada Lovelace", email: null };
    expect(heading({ ...byHand, contact }, "Visiteur")).toBe("Ada Lovelace");
    expect(heading(request("r", 1, { subject: "Lampe" }), "Visiteur")).toBe("Visiteur 4F2A");
  });
});
