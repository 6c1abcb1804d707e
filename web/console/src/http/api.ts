import { type Call, http } from "./http";
import { Problem } from "./problem";

/** Where access tokens come from; the session is one. */
export interface TokenSource {
  /** A token good for a while yet. */
  token(): Promise<string>;
  /** Another one, because `spent` was refused. */
  renew(spent: string): Promise<string>;
}

/** Calls with the agent's access token; a refused token is renewed and the call made once more. */
export class Api {
  constructor(private readonly tokens: TokenSource) {}

  get<T>(path: string, query?: Call["query"]): Promise<T> {
    return this.call<T>({ method: "GET", path, ...(query && { query }) });
  }

  async call<T>(call: Call): Promise<T> {
    const token = await this.tokens.token();
    try {
      return await http<T>(withToken(call, token));
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      return http<T>(withToken(call, await this.tokens.renew(token)));
    }
  }
}

function withToken(call: Call, token: string): Call {
  return { ...call, headers: { ...call.headers, authorization: `Bearer ${token}` } };
}
