/** What an HTTP call failed with: problem+json (RFC 9457) from a service, or the network's own failure. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    /** HTTP status, 0 when no answer came. */
    readonly status: number,
    /** The stable word of the contract; `unreachable` when no answer came. */
    readonly code: string,
    detail: string,
    /** The answer's JSON: conflicts carry the current state in it. */
    readonly body: Record<string, unknown> = {},
    /** Seconds to wait, from Retry-After. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }

  /** True when trying the same call again may succeed without any change. */
  get passing(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429;
  }
}

/** Gateways answer for a service that is down, in HTML: the status is all there is. */
const CODE_BY_STATUS: Record<number, string> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  429: "rate_limited",
};

export async function problemFrom(response: Response): Promise<Problem> {
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const body: Record<string, unknown> = isJson ? await response.json() : {};
  const fallback = response.status >= 500 ? "unavailable" : (CODE_BY_STATUS[response.status] ?? "unexpected");
  const code = typeof body.code === "string" ? body.code : fallback;
  const detail = typeof body.detail === "string" ? body.detail : `${response.status} ${response.statusText}`;
  const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return new Problem(response.status, code, detail, body, Number.isNaN(retryAfter) ? null : retryAfter);
}
