import { memory } from "@guichet/shared/memory";
import type { FileServer } from "@guichet/shared/tray";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FakeStorage } from "../../shared/test/fakes";
import { Filling } from "../filling";
import type { Answer, Filled, Form, Server } from "../server";

const FORM: Form = {
  key: "contact",
  name: "Contact",
  language: "fr",
  fields: [
    { name: "order", kind: "text", label: "Commande", required: true, options: [] },
    { name: "phone", kind: "tel", label: "Téléphone", required: false, options: [] },
  ],
  color: null,
  confirmation: true,
  token: "token 1",
};
const TYPED = {
  name: "Ada",
  email: "ada@example.org",
  subject: "Colis",
  message: "Bonjour",
  "fields.order": "A-17",
};

/** Answers with what the test has prepared, else with a number. */
class FakeServer implements Server {
  answers: Answer[] = [];
  sent: { filled: Filled; token: string }[] = [];
  /** Statuses of uploads, else 201. */
  uploads: number[] = [];
  uploaded: { id: string; token: string }[] = [];
  loads = 0;

  async load(): Promise<Form | null> {
    this.loads += 1;
    return { ...FORM, token: `token ${this.loads + 1}` };
  }

  async post(filled: Filled, token: string): Promise<Answer> {
    this.sent.push({ filled, token });
    return this.answers.shift() ?? { status: 202, body: { number: 1042 } };
  }

  files(token: () => string): FileServer {
    return {
      send: async ({ name }, id) => {
        this.uploaded.push({ id, token: token() });
        const status = this.uploads.shift() ?? 201;
        return {
          status,
          body: status < 300 ? { name, media_type: "text/plain", size: 7, receipt: "r" } : {},
        };
      },
      status: async () => ({ status: 503, body: {} }),
    };
  }
}

let server: FakeServer;
let storage: FakeStorage;

const open = () =>
  new Filling(
    FORM,
    server,
    memory(() => storage, "form:"),
    () => {},
  );
const settled = () => vi.advanceTimersByTimeAsync(0);

function filledIn(values: Record<string, string> = {}): Filling {
  const filling = open();
  for (const [path, value] of Object.entries({ ...TYPED, ...values })) filling.type(path, value);
  return filling;
}

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  storage = new FakeStorage();
  return () => vi.useRealTimers();
});

describe("what was typed", () => {
  it("is told wrong by field before anything is sent", async () => {
    const filling = filledIn({ name: " ", email: "ada@", "fields.order": "", "fields.phone": "call me" });
    expect(filling.send()).toBe(false);
    expect(filling.wrong).toEqual({
      name: "required",
      email: "email",
      "fields.order": "required",
      "fields.phone": "tel",
    });
    filling.type("name", "Ada");
    expect(filling.wrong.name).toBeUndefined();
    expect(server.sent).toEqual([]);
  });

  it("survives a failed send and a reload, and is forgotten when it has arrived", async () => {
    server.answers = [{ status: 0, body: {} }];
    const filling = filledIn();
    filling.send();
    await settled();
    expect([filling.failure, filling.values]).toEqual(["offline", TYPED]);
    expect(open().values).toEqual(TYPED);
    filling.send();
    await settled();
    expect([filling.failure, filling.number]).toEqual([null, 1042]);
    expect(open().values).toEqual({});
  });

  it("leaves who writes for another request", async () => {
    const filling = filledIn();
    filling.send();
    await settled();
    filling.again();
    expect([filling.number, filling.values]).toEqual([null, { name: "Ada", email: "ada@example.org" }]);
  });
});

describe("the id", () => {
  it("stays the same while nothing was changed, so that a repeat is one request", async () => {
    server.answers = [
      { status: 0, body: {} },
      { status: 503, body: {} },
    ];
    const filling = filledIn();
    for (const message of ["Bonjour", "Bonjour", "Bonsoir"]) {
      filling.type("message", message);
      filling.send();
      await settled();
    }
    const [first, second, third] = server.sent.map(({ filled }) => filled.id);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });
});

describe("a refusal", () => {
  it("is told at the fields that the server names", async () => {
    server.answers = [{ status: 422, body: { errors: [{ field: "email" }, { field: "fields.order" }] } }];
    const filling = filledIn();
    filling.send();
    await settled();
    expect(filling.wrong).toEqual({ email: "refused", "fields.order": "refused" });
    expect([filling.sending, filling.failure]).toEqual([false, null]);
  });

  it.each([
    [{ status: 429, body: {} }, "tooMany"],
    [{ status: 404, body: {} }, "gone"],
    [{ status: 500, body: {} }, "failed"],
    [{ status: 422, body: { errors: [{ field: "website" }] } }, "failed"],
    [{ status: 422, body: { errors: [{ field: "attachment_ids.0" }] } }, "files"],
  ])("%o is told as %s", async (answer, failure) => {
    server.answers = [answer];
    const filling = filledIn();
    filling.send();
    await settled();
    expect(filling.failure).toBe(failure);
  });
});

describe("files", () => {
  const photo = new File(["bonjour"], "photo.txt");

  it("go with the form, which waits for them", async () => {
    const filling = filledIn();
    filling.tray.add([photo]);
    filling.send();
    expect(server.sent).toEqual([]);
    await settled();
    expect(server.sent[0]?.filled.attachment_ids).toEqual([server.uploaded[0]?.id]);
    expect([filling.number, filling.tray.files]).toEqual([1042, []]);
  });

  it("that were refused hold the form up until they are taken away", async () => {
    server.uploads = [415];
    const filling = filledIn();
    filling.tray.add([photo]);
    await settled();
    filling.send();
    expect([filling.failure, filling.sending]).toEqual(["files", false]);
    filling.tray.remove(filling.tray.files[0]?.id ?? "");
    filling.send();
    await settled();
    expect(filling.number).toBe(1042);
  });

  it("are uploaded anew when the token has expired, also when only the form tells so", async () => {
    const filling = filledIn();
    filling.tray.add([photo]);
    await settled();
    server.answers = [{ status: 401, body: {} }];
    filling.send();
    await settled();
    expect(server.uploaded.map(({ token }) => token)).toEqual(["token 1", "token 2"]);
    const last = server.sent.at(-1);
    expect([last?.token, last?.filled.attachment_ids]).toEqual(["token 2", [server.uploaded[1]?.id]]);
  });

  it("do not ask for token after token", async () => {
    const filling = filledIn();
    server.uploads = [401, 401, 401];
    filling.tray.add([photo]);
    await settled();
    expect([server.loads, filling.tray.files[0]?.state]).toEqual([1, "refused"]);
  });

  it("that the form's place has not heard of yet are tried again a little later", async () => {
    server.answers = [{ status: 409, body: { code: "attachment_not_known_yet" } }];
    const filling = filledIn();
    filling.send();
    await settled();
    expect(filling.sending).toBe(true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(filling.number).toBe(1042);
  });
});
