import { afterEach, expect, it, vi } from "vitest";
import { http } from "../src/http/http";

afterEach(() => vi.unstubAllGlobals());

/** An answer whose body breaks off. */
function broken(status: number): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"code": "cont'));
      controller.error(new TypeError("network error"));
    },
  });
  return new Response(body, { status, headers: { "content-type": "application/json" } });
}

it("tells that nothing could be reached where the answer stops coming in", async () => {
  vi.stubGlobal("fetch", async () => broken(200));
  await expect(http({ method: "GET", path: "/x" })).rejects.toMatchObject({
    code: "unreachable",
    passing: true,
  });
});

it("tells what is known of a refusal that stops coming in", async () => {
  vi.stubGlobal("fetch", async () => broken(403));
  await expect(http({ method: "GET", path: "/x" })).rejects.toMatchObject({ status: 403, code: "forbidden" });
});

it("takes a whole answer as it is", async () => {
  vi.stubGlobal("fetch", async () => new Response('{"a": 1}', { status: 200 }));
  await expect(http({ method: "GET", path: "/x" })).resolves.toEqual({ a: 1 });
});
