import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { Emails } from "../src/emails/emails";
import type { PendingFile } from "../src/files/uploads";
import { Problem } from "../src/http/problem";
import { Drafts } from "../src/timeline/drafts";
import { FakeApi, FakeStorage, item } from "./fakes";

const SEND = "POST /api/v1/requests/r/emails";
const PROPOSAL = {
  to: { email: "ada@example.org", name: "Ada" },
  cc: [{ email: "bob@example.org", name: "" }],
  subject: "Re: Commande",
  signature: "Caro",
  quoted: { last: "> Bonjour", all: "> Bonjour" },
};

class FakeUploads {
  readonly files = signal<readonly PendingFile[]>([]);
  readonly renewed: string[] = [];
  of = () => this.files;
  remove = (_: string, id: string) => {
    this.files.value = this.files.value.filter((file) => file.id !== id);
  };
  putBack = (_: string, files: readonly { id: string }[]) => this.renewed.push(...files.map(({ id }) => id));
}

function file(id: string): PendingFile {
  return {
    ...{ id, name: id, media_type: "text/plain", size: 1 },
    ...{ state: "ready", progress: 1, receipt: `receipt of ${id}`, problem: null },
  };
}

async function bench() {
  const api = new FakeApi();
  const storage = new FakeStorage();
  const drafts = new Drafts(storage, "caro");
  const uploads = new FakeUploads();
  const told: string[] = [];
  const emails = new Emails({
    ...{ api, drafts, uploads },
    sent: (id) => told.push(`sent ${id}`),
    failed: (id, { code }) => told.push(`failed ${id} ${code}`),
  });
  api.answers.set("GET /api/v1/requests/r/emails/draft", () => PROPOSAL);
  api.answers.set(SEND, () => item("sent", 1));
  await emails.propose("r", "fr");
  drafts.set("r", { text: "Bonjour Ada" });
  const bodies = () =>
    api.calls.filter(({ method }) => method === "POST").map(({ body }) => body as Record<string, unknown>);
  const refuse = (problem: Problem) =>
    api.answers.set(SEND, () => {
      throw problem;
    });
  return { api, storage, drafts, uploads, emails, told, bodies, refuse };
}

describe("an e-mail", () => {
  it("starts from what the server proposes", async () => {
    const { emails, bodies } = await bench();
    await emails.send("r", "seen", "fr");
    expect(bodies()[0]).toMatchObject({
      ...{ subject: "Re: Commande", text: "Bonjour Ada", cc: ["bob@example.org"], quote: "none" },
      ...{ signature: true, language: "fr", seen_timeline_id: "seen" },
    });
  });

  it("leaves with what the agent changed, and nothing for a subject that was emptied", async () => {
    const { emails, bodies } = await bench();
    emails.change("r", { subject: " ", cc: "Dan <dan@example.org>", quote: "all", signature: false });
    await emails.send("r", null, "fr");
    expect(bodies()[0]).toMatchObject({ cc: ["dan@example.org"], quote: "all", signature: false });
    expect(bodies()[0]?.subject).toBeUndefined();
    expect(bodies()[0]).not.toHaveProperty("seen_timeline_id");
  });

  it("takes its files along, and leaves nothing behind once the server has it", async () => {
    const { emails, uploads, bodies, storage, drafts, told } = await bench();
    uploads.files.value = [file("a")];
    await emails.send("r", null, "fr");
    expect(bodies()[0]?.receipts).toEqual(["receipt of a"]);
    expect([uploads.files.value, storage.items.size, drafts.of("r").value.text]).toEqual([[], 0, ""]);
    expect(told).toEqual(["sent r"]);
  });

  it("keeps its id until the server has it, through a reload too, so that it cannot leave twice", async () => {
    const { emails, bodies, refuse, storage } = await bench();
    refuse(new Problem(0, "unreachable", "no answer"));
    await emails.send("r", null, "fr");
    await emails.send("r", null, "fr");
    expect(bodies()[1]?.id).toBe(bodies()[0]?.id);
    expect(new Drafts(storage, "caro").of("r").value.email?.id).toBe(bodies()[0]?.id);
  });

  it("must stay as it is while nobody knows whether it left", async () => {
    const { emails, refuse } = await bench();
    refuse(new Problem(503, "unavailable", "try again"));
    await emails.send("r", null, "fr");
    expect(emails.fields("r").unsure).toBe(true);
    const { id } = emails.fields("r");
    emails.anew("r");
    expect(emails.fields("r").unsure).toBe(false);
    expect(emails.fields("r").id).not.toBe(id);
  });

  it("is free to change when it was refused", async () => {
    const { emails, refuse, drafts, told } = await bench();
    refuse(new Problem(422, "validation_failed", "no"));
    await emails.send("r", null, "fr");
    expect(emails.fields("r").unsure).toBe(false);
    expect(drafts.of("r").value.text).toBe("Bonjour Ada");
    expect(told).toEqual(["failed r validation_failed"]);
  });

  it("shows first what arrived meanwhile, and then leaves as the same one", async () => {
    const { emails, refuse, bodies, api } = await bench();
    const newer = [item("late", 2)];
    refuse(new Problem(409, "stale_reply", "stale", { newer }));
    await emails.send("r", "seen", "fr");
    expect(emails.of("r").value).toMatchObject({ newer, problem: null, busy: false });
    api.answers.set(SEND, () => item("sent", 3));
    await emails.send("r", "late", "fr");
    expect(bodies()[1]).toMatchObject({ id: bodies()[0]?.id, seen_timeline_id: "late" });
    expect(emails.of("r").value.newer).toBeNull();
  });

  it("has its files proven again when their receipts have run out", async () => {
    const { emails, refuse, uploads } = await bench();
    uploads.files.value = [file("a")];
    const errors = [{ field: "receipts.0", message: "is not valid here" }];
    refuse(new Problem(422, "validation_failed", "no", { errors }));
    await emails.send("r", null, "fr");
    expect(uploads.renewed).toEqual(["a"]);
  });

  it("does not leave before it is known to whom", async () => {
    const { emails, bodies, drafts } = await bench();
    drafts.set("other", { text: "Bonjour" });
    await emails.send("other", null, "fr");
    expect(bodies()).toEqual([]);
  });
});

describe("whom an e-mail goes to", () => {
  it("is left to the server until the agent changes it", async () => {
    const { emails, bodies } = await bench();
    await emails.send("r", null, "fr");
    expect(bodies()[0]).not.toHaveProperty("to");
    expect(bodies()[0]).not.toHaveProperty("bcc");
  });

  it("is whom the agent names", async () => {
    const { emails, bodies } = await bench();
    emails.change("r", { to: "Ada <ada@example.org>; b@example.org", bcc: "boss@example.org" });
    await emails.send("r", null, "fr");
    expect(bodies()[0]).toMatchObject({
      to: ["ada@example.org", "b@example.org"],
      bcc: ["boss@example.org"],
    });
  });

  it("is open where an e-mail is handed on, until that is dropped", async () => {
    const { api, emails, bodies, drafts } = await bench();
    emails.forward("r", "mail", "fr");
    await Promise.resolve();
    expect(api.calls.at(-1)?.query).toEqual({ language: "fr", forward_of: "mail" });
    expect(drafts.of("r").value.text).toBe("Bonjour Ada");
    await new Promise((done) => setTimeout(done));
    emails.change("r", { to: "atelier@example.net" });
    await emails.send("r", "seen", "fr");
    expect(bodies()[0]).toMatchObject({ to: ["atelier@example.net"], forward_of: "mail" });
    emails.forward("r", "mail", "fr");
    emails.dropForward("r", "fr");
    await new Promise((done) => setTimeout(done));
    expect(emails.fields("r").forwardOf).toBeUndefined();
    expect(emails.proposal("r").value).toMatchObject({ subject: "Re: Commande" });
  });
});
