import { translator } from "@guichet/shared/i18n";
import type { Delivery } from "@guichet/shared/protocol";
import { describe, expect, it } from "vitest";
import {
  marks,
  tellCalendarTime,
  tellDelivery,
  tellFileState,
  tellMailer,
  tellPlaced,
} from "../src/emails/email_text";
import { en } from "../src/words/en";
import { fr } from "../src/words/fr";
import { email } from "./fakes";

const t = translator({ fr, en }, "fr");
const delivery = (change: Partial<Delivery>): Delivery => ({
  ...{ state: "sent", detail: null, attempts: 1, next_attempt_at: null, at: "2026-01-05T12:00:00.000Z" },
  ...change,
});
const at = () => "14:32";

describe("why an e-mail is on its request", () => {
  it("is told for each proof", () => {
    const placed = { by: "reply_address", forged_reply_address: false } as const;
    expect(tellPlaced(email({ placed }), t)).toBe("Arrivé à l’adresse de réponse de cette demande");
  });

  it("names who moved it, and from where", () => {
    const placed = {
      by: "moved",
      forged_reply_address: false,
      from_request: { id: "r", number: 12 },
      moved_by: "Caro",
    } as const;
    expect(tellPlaced(email({ placed }), t)).toBe("Déplacé ici depuis #12 par Caro");
  });

  it("names the request that was closed for too long", () => {
    const placed = {
      by: "new_request",
      forged_reply_address: false,
      from_request: { id: "r", number: 12 },
    } as const;
    expect(tellPlaced(email({ placed }), t)).toContain("#12");
  });

  it("says nothing of one that plainly begins its request", () => {
    const placed = { by: "new_request", forged_reply_address: false } as const;
    expect(tellPlaced(email({ placed }), t)).toBe("");
  });

  it("says that one to a forged reply address belongs nowhere", () => {
    const placed = { by: "new_request", forged_reply_address: true } as const;
    expect(tellPlaced(email({ placed }), t)).toBe(t("email.placed.new_request"));
  });
});

describe("what an agent should know of an e-mail", () => {
  it("is nothing for a plain one of the contact", () => {
    expect(marks(email({}), t)).toEqual([]);
  });

  it("begins with what makes it doubtful", () => {
    const placed = { by: "new_request", forged_reply_address: true } as const;
    const found = marks(email({ placed, other_sender: true, signed: "pgp" }), t);
    expect(found.map(({ name }) => name)).toEqual([
      "Adresse de réponse falsifiée",
      "Autre expéditeur",
      "Signé (PGP)",
    ]);
    expect(found.map(({ tone }) => tone)).toEqual(["warn", "warn", "plain"]);
  });

  it("says by what a machine was recognised", () => {
    expect(marks(email({ kind: "auto_reply", why: "its subject says so" }), t)[0]).toMatchObject({
      name: "Réponse automatique",
      text: "Son objet le dit.",
    });
    expect(marks(email({ kind: "bulk", why: "List-Id" }), t)[0]?.text).toBe("List-Id");
  });
});

describe("how a sent e-mail stands", () => {
  it("is waiting before anything is known of it", () => {
    expect(tellDelivery(null, t, at)).toBe("En attente d’envoi.");
  });

  it("names the next attempt and the server's own words", () => {
    const waiting = delivery({ state: "queued", attempts: 2, next_attempt_at: "x", detail: "451 busy" });
    expect(tellDelivery(waiting, t, at)).toBe(
      "En attente : 2 essais sans succès, le prochain 14:32. 451 busy",
    );
  });

  it("tells the mailer's own sentences in the agent's language, also within one another", () => {
    expect(tellMailer("given up after 3 attempts: 451 busy", t)).toBe("Abandonné après 3 essais : 451 busy");
    expect(tellMailer("confirmed by a person", t)).toBe("Confirmé par un conseiller.");
    expect(tellMailer("550 5.1.1 unknown user", t)).toBe("550 5.1.1 unknown user");
  });
});

describe("a file that was not taken in", () => {
  it("is told with its reason in words", () => {
    const file = { id: "f", name: "f.exe", media_type: "x/y", size: 1, state: "refused" } as const;
    expect(tellFileState({ ...file, detail: "infected" }, t)).toContain("virus");
    expect(tellFileState({ ...file, detail: "empty" }, t)).toContain("vide");
    expect(tellFileState({ ...file, detail: "odd_code" }, t)).toContain("odd_code");
  });
});

describe("a time of a calendar", () => {
  it("without a zone stays as the sender wrote it", () => {
    expect(tellCalendarTime("20260314T093000", "fr")).toBe("14 mars 2026, 09:30");
  });

  it("may be a whole day, or anything", () => {
    expect(tellCalendarTime("20260314", "fr")).toBe("14 mars 2026");
    expect(tellCalendarTime("soon", "fr")).toBe("soon");
  });
});
