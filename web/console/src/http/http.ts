import { Problem, problemFrom } from "./problem";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
  method: Method;
  path: string;
  query?: Record<string, string | number | null | undefined>;
  /** A file goes as it is, with its type; anything else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** No answer in this time counts as no answer at all: a console must not wait on a dead connection. */
const TIMEOUT_MS = 15_000;
/** Files take as long as the line needs, within reason. */
const FILE_TIMEOUT_MS = 10 * 60_000;

/**
 * One HTTP call; the answer's JSON, or undefined for 204.
 * @throws Problem for every failure, that of the network included
 */
export async function http<T>(call: Call): Promise<T> {
  const response = await answer(call, call.body instanceof Blob ? FILE_TIMEOUT_MS : TIMEOUT_MS);
  return response.status === 204 ? (undefined as T) : whole<T>(response);
}

/** The answer's bytes. @throws Problem */
export async function httpBlob(call: Call): Promise<Blob> {
  const response = await answer(call, FILE_TIMEOUT_MS);
  return response.blob().catch((error: unknown) => {
    throw new Problem(0, "unreachable", String(error));
  });
}

/** The whole of the answer. One that stops coming in is no answer. @throws Problem */
async function whole<T>(response: Response): Promise<T> {
  return (response.json() as Promise<T>).catch((error: unknown) => {
    throw new Problem(0, "unreachable", String(error));
  });
}

async function answer({ method, path, query, body, headers }: Call, timeout: number): Promise<Response> {
  const isJson = body !== undefined && !(body instanceof Blob);
  const response = await fetch(path + queryString(query), {
    method,
    headers: { ...(isJson && { "content-type": "application/json" }), ...headers },
    body: isJson ? JSON.stringify(body) : ((body as Blob | undefined) ?? null),
    signal: AbortSignal.timeout(timeout),
  }).catch((error: unknown) => {
    throw new Problem(0, "unreachable", String(error));
  });
  if (!response.ok) throw await problemFrom(response);
  return response;
}

function queryString(query: Call["query"]): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
