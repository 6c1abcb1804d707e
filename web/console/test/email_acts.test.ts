import { translator } from "@guichet/shared/i18n";
import type { Delivery, TimelineItem } from "@guichet/shared/protocol";
import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { Asker } from "../src/app/asker";
import { Toasts } from "../src/app/toasts";
import { Contacts } from "../src/contacts/contacts";
import { EmailActs } from "../src/emails/email_acts";
import { Problem } from "../src/http/problem";
import { en } from "../src/words/en";
import { fr } from "../src/words/fr";
import { FakeApi, item, request, settled } from "./fakes";

const MOVE = "POST /api/v1/requests/r/emails/mail/move";

function bench() {
  const api = new FakeApi();
  const asker = new Asker();
  const toasts = new Toasts();
  const told: string[] = [];
  const acts = new EmailActs({
    ...{ api, asker, toasts, t: signal(translator({ fr, en }, "fr")) },
    contacts: new Contacts(api),
    link: async (_, { id }) => void told.push(`linked ${id}`),
    changed: ({ id }) => told.push(`changed ${id}`),
    moved: (id) => told.push(`moved ${id}`),
    reload: () => told.push("reload"),
  });
  for (const decision of ["resend", "confirm"])
    api.answers.set(`POST /api/v1/mail/deliveries/mail/${decision}`, () => ({}));
  const decided = () => api.calls.map(({ path }) => path.split("/").at(-1));
  return { api, asker, toasts, told, acts, decided };
}

function mail(state: Delivery["state"] = "sent"): TimelineItem {
  const delivery = { state, detail: null, attempts: 1, next_attempt_at: null, at: "" };
  return item("mail", 1, { kind: "email", delivery });
}

describe("sending an e-mail again", () => {
  it("is done at once where it did not arrive", async () => {
    const { acts, decided, told } = bench();
    await acts.resend(mail("failed"));
    expect(decided()).toEqual(["resend"]);
    expect(told).toEqual(["reload"]);
  });

  it("is asked about where it may have arrived", async () => {
    const { acts, asker, decided } = bench();
    const asked = acts.resend(mail("uncertain"));
    asker.question.value?.answer(false);
    await asked;
    expect(decided()).toEqual([]);
    const again = acts.resend(mail("uncertain"));
    asker.question.value?.answer(true);
    await again;
    expect(decided()).toEqual(["resend"]);
  });
});

describe("saying that an e-mail arrived", () => {
  it("is asked about, since it ends the matter", async () => {
    const { acts, asker, decided } = bench();
    const asked = acts.confirm(mail("uncertain"));
    asker.question.value?.answer(true);
    await asked;
    expect(decided()).toEqual(["confirm"]);
  });
});

describe("moving an e-mail", () => {
  it("takes it off this request and leads to the other one", async () => {
    const { acts, api, told, toasts } = bench();
    api.answers.set(MOVE, () => ({ request: request("other", 1, { number: 1043 }) }));
    expect(await acts.move("r", mail(), { id: "other" })).toBe(true);
    expect(api.calls[0]?.body).toEqual({ request_id: "other" });
    expect(told).toEqual(["changed other", "moved mail", "reload"]);
    expect(toasts.shown.value[0]).toMatchObject({
      text: "E-mail déplacé vers la demande #1043",
      link: { requestId: "other" },
    });
  });

  it("makes a request of its own for it", async () => {
    const { acts, api } = bench();
    api.answers.set(MOVE, () => ({ request: request("new", 1) }));
    await acts.move("r", mail(), null);
    expect(api.calls[0]?.body).toEqual({ new: true });
  });

  it("leaves it where it is when it is refused", async () => {
    const { acts, api, told, toasts } = bench();
    api.answers.set(MOVE, () => {
      throw new Problem(409, "not_movable", "no");
    });
    expect(await acts.move("r", mail(), null)).toBe(false);
    await settled();
    expect(told).toEqual([]);
    expect(toasts.shown.value[0]?.tone).toBe("failed");
  });
});

describe("saying who wrote an e-mail", () => {
  it("is one step, which can be undone", async () => {
    const { acts, api, toasts, told } = bench();
    api.answers.set("PUT /api/v1/requests/r/emails/mail/written-by", () => ({ request: request("r", 1) }));
    await acts.judge("r", mail(), "person");
    expect(api.calls[0]?.body).toEqual({ written_by: "person" });
    expect(told).toEqual(["changed r", "reload"]);
    expect(toasts.shown.value.length).toBe(1);
  });
});

describe("making the writer of a forwarded e-mail the contact", () => {
  const lea = { email: "Lea@example.org", name: "Léa Martin" };

  it("links who has the address, whatever its case", async () => {
    const { acts, api, told } = bench();
    const known = [
      { id: "near", email: "lea@example.org.example" },
      { id: "lea", email: "lea@example.org" },
    ];
    api.answers.set("GET /api/v1/contacts", () => ({ items: known, next_cursor: null }));
    await acts.makeContact(request("r", 1), lea);
    expect(told).toEqual(["linked lea"]);
  });

  it("makes them where nobody has it", async () => {
    const { acts, api, told } = bench();
    api.answers.set("GET /api/v1/contacts", () => ({ items: [], next_cursor: null }));
    api.answers.set("POST /api/v1/contacts", () => ({ id: "new" }));
    await acts.makeContact(request("r", 1), lea);
    expect(api.calls.at(-1)?.body).toMatchObject({
      ...{ first_name: "Léa", last_name: "Martin", email: "Lea@example.org" },
    });
    expect(told).toEqual(["linked new"]);
  });
});
