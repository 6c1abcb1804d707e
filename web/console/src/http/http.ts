import { Problem, problemFrom } from "./problem";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
  method: Method;
  path: string;
  query?: Record<string, string | number | null | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
}

/** No answer in this time counts as no answer at all: a console must not wait on a dead connection. */
const TIMEOUT_MS = 15_000;

/**
 * One HTTP call; the answer's JSON, or undefined for 204.
 * @throws Problem for every failure, that of the network included
 */
export async function http<T>({ method, path, query, body, headers }: Call): Promise<T> {
  const response = await fetch(path + queryString(query), {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new Problem(0, "unreachable", String(error));
  });
  if (!response.ok) throw await problemFrom(response);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

function queryString(query: Call["query"]): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
