import { translator } from "@guichet/shared/i18n";
import type { Delivery } from "@guichet/shared/protocol";
import { describe, expect, it } from "vitest";
import {
  marks,
  tellCalendarTime,
  tellDelivery,
  tellFileState,
  tellInvitation,
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

describe("what the mailer says itself", () => {
  it.each([
    ["it says that mail did not arrive, and names one that was sent", "mailer.saysUndeliveredOurs"],
    ["it is a report of the type abuse on mail that was sent (RFC 5965)", "mailer.complains"],
    ["it is from a mail system (mailer-daemon)", "mailer.daemon"],
  ] as const)("is told in the agent's language: %s", (said, key) => {
    expect(tellMailer(said, t)).toBe(t(key));
  });

  it("is told sign by sign where it took two", () => {
    const said = "it has no return address and its text is that of an automatic reply";
    expect(tellMailer(said, t)).toBe(`${t("mailer.noReturnAddress")} ${t("mailer.textSaysSo")}`);
    expect(tellMailer("its text is that of an automatic reply and Precedence: bulk", t)).toBe(
      `${t("mailer.textSaysSo")} Precedence: bulk`,
    );
  });

  it("leaves the words of another server as they are, with an *and* in them, too", () => {
    expect(tellMailer("550 spam and nothing else", t)).toBe("550 spam and nothing else");
  });
});

describe("who a mail server says wrote it", () => {
  const proven = { server: "mx.desk.example", spf: "fail", dkim: null, dmarc: "fail" } as const;

  it("warns of a forged address and names what was found", () => {
    const [mark] = marks(email({ authentication: { ...proven, verdict: "fail" } }), t);
    expect(mark).toMatchObject({ tone: "warn", name: "Expéditeur falsifié" });
    expect(mark?.text).toContain("mx.desk.example");
    expect(mark?.text).toContain("SPF: fail, DMARC: fail");
  });

  it("says quietly that the address was proven", () => {
    const [mark] = marks(
      email({ authentication: { ...proven, spf: "pass", dmarc: "pass", verdict: "pass" } }),
      t,
    );
    expect(mark).toMatchObject({ tone: "plain", name: "Expéditeur vérifié" });
  });

  it("says nothing where nobody vouches for it, as for most", () => {
    expect(marks(email({ authentication: { ...proven, verdict: "none" } }), t)).toEqual([]);
  });
});

describe("an invitation", () => {
  const meeting = {
    ...{ method: "REQUEST", summary: "Livraison", location: "", organizer: "", all_day: false },
    ...{ start: "20261203T090000", end: "20261203T100000", zone: "Etc/GMT+5" },
    ...{ starts_at: "2026-12-03T14:00:00Z", ends_at: "2026-12-03T15:00:00Z" },
  };
  const here = (at: string) => new Date(at).toLocaleString("fr", { dateStyle: "medium", timeStyle: "short" });

  it("is shown when it is for the reader, and when it says itself, with its zone", () => {
    const told = tellInvitation(meeting, "fr", t);
    expect(told).toContain(`${here(meeting.starts_at)} – ${here(meeting.ends_at)}`);
    expect(told).toMatch(/3 déc. 2026,? (?:à )?09:00 – .*10:00 Etc\/GMT\+5\)/);
  });

  it("in UTC is shown once", () => {
    const utc = { ...meeting, start: "20261203T140000Z", end: "20261203T150000Z", zone: "UTC" };
    expect(tellInvitation(utc, "fr", t)).toBe(
      `Livraison · ${here(meeting.starts_at)} – ${here(meeting.ends_at)}`,
    );
  });

  it("without a zone is shown as it stands", () => {
    const floating = { ...meeting, zone: "", starts_at: null, ends_at: null };
    expect(tellInvitation(floating, "fr", t)).toMatch(
      /^Livraison · 3 déc. 2026.*09:00 – 3 déc. 2026.*10:00$/,
    );
  });
});
