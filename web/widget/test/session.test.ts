import { memory } from "@guichet/shared/memory";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FakeStorage } from "../../shared/test/fakes";
import { Session, SiteRefused } from "../frame/session";

let asked: { url: string; body: unknown }[];
let answers: Response[];
let storage: FakeStorage;
let others: number;

beforeEach(() => {
  asked = [];
  others = 0;
  answers = [];
  storage = new FakeStorage();
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
    asked.push({ url, body: init?.body ? JSON.parse(String(init.body)) : undefined });
    return answers.shift();
  });
});

const session = () =>
  new Session(
    "demo",
    memory(() => storage, "guichet:demo:"),
    () => (others += 1),
  );
const granted = (token: string, visitor_id = "v1") => Response.json({ visitor_id, token });
const refused = (status: number) => Response.json({ code: "no" }, { status });

describe("the visitor's token", () => {
  it("is asked for the first time, and remembered on the next page", async () => {
    answers = [granted("one")];
    expect(await session().token(false)).toBe("one");
    expect(asked).toEqual([{ url: "/chat/v1/visitors", body: { widget_key: "demo", token: null } }]);
    expect(session().known).toBe(true);
    expect(await session().token(false)).toBe("one");
    expect(asked).toHaveLength(1);
  });

  it("is renewed with the old one, so that the visitor stays the same", async () => {
    answers = [granted("one"), granted("two")];
    await session().token(false);
    expect(await session().token(true)).toBe("two");
    expect(asked[1]?.body).toMatchObject({ token: "one" });
  });

  it("is a new visitor's when the old one is not taken any more", async () => {
    answers = [granted("one"), refused(401), granted("new")];
    await session().token(false);
    expect(await session().token(true)).toBe("new");
    expect(asked[2]?.body).toEqual({ widget_key: "demo", token: null });
  });
});

describe("an identity", () => {
  it("is told once, also by a visitor who has a token already", async () => {
    answers = [granted("one"), granted("ada's")];
    await session().token(false);
    const known = session();
    known.identity = "signed";
    expect(await known.token(false)).toBe("ada's");
    expect(asked[1]?.body).toMatchObject({ token: "one", identity_token: "signed" });
    expect(await known.token(false)).toBe("ada's");
    expect(asked).toHaveLength(2);
  });

  it("that is refused leaves the visitor as anonymous as before", async () => {
    answers = [granted("one"), refused(401), refused(401), granted("two")];
    await session().token(false);
    const known = session();
    known.identity = "forged";
    expect(await known.token(false)).toBe("two");
    expect(asked[3]?.body).toEqual({ widget_key: "demo", token: "one" });
    expect(await known.token(false)).toBe("two");
  });
});

describe("a customer's session", () => {
  const ofCustomer = async () => {
    answers = [granted("ada's", "ada")];
    const ada = session();
    ada.identity = "ada, signed";
    await ada.token(false);
  };

  it("goes on with the customer's next token", async () => {
    await ofCustomer();
    answers = [granted("again", "ada")];
    const next = session();
    next.identity = "ada, signed anew";
    expect(await next.token(false)).toBe("again");
    expect(others).toBe(0);
  });

  it("is over on a page that names nobody, where the server begins another", async () => {
    await ofCustomer();
    answers = [granted("stranger's", "stranger")];
    await expect(session().token(false)).rejects.toThrow();
    expect(asked[1]?.body).toEqual({ widget_key: "demo", token: "ada's" });
    expect(others).toBe(1);
    expect(storage.getItem("guichet:demo:token")).toBe("ada's");
  });

  it("is over on a page that names another customer", async () => {
    await ofCustomer();
    answers = [granted("bob's", "bob")];
    const bob = session();
    bob.identity = "bob, signed";
    await expect(bob.token(false)).rejects.toThrow();
    expect(others).toBe(1);
  });
});

describe("a refusal", () => {
  it.each([403, 404, 422])("with %i is for good", async (status) => {
    answers = [refused(status)];
    await expect(session().token(false)).rejects.toBeInstanceOf(SiteRefused);
  });

  it.each([429, 500, 503])("with %i passes", async (status) => {
    answers = [refused(status)];
    await expect(session().token(false)).rejects.not.toBeInstanceOf(SiteRefused);
    expect(session().known).toBe(false);
  });
});
