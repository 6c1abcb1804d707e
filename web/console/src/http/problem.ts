export interface FieldError {
  field: string;
  message: string;
  code?: string;
}

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

  /** What a 422 says of each field. */
  get errors(): FieldError[] {
    return Array.isArray(this.body.errors) ? this.body.errors : [];
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
  413: "too_large",
  429: "rate_limited",
};

export async function problemFrom(response: Response): Promise<Problem> {
  const isJson = response.headers.get("content-type")?.includes("json") ?? false;
  const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  return problemOf(
    response.status,
    // The status is known also where the rest stops coming in.
    isJson ? await response.json().catch(() => ({})) : {},
    Number.isNaN(retryAfter) ? null : retryAfter,
  );
}

/** @param status 0 when no answer came */
export function problemOf(
  status: number,
  body: Record<string, unknown>,
  retryAfter: number | null = null,
): Problem {
  const fallback = status === 0 ? "unreachable" : status >= 500 ? "unavailable" : CODE_BY_STATUS[status];
  const code = typeof body.code === "string" ? body.code : (fallback ?? "unexpected");
  const detail = typeof body.detail === "string" ? body.detail : `HTTP ${status}`;
  return new Problem(status, code, detail, body, retryAfter);
}
