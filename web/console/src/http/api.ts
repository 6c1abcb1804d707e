import { type Upload, type UploadAnswer, upload } from "@guichet/shared/upload";
import { type Call, http, httpBlob } from "./http";
import { Problem, problemOf } from "./problem";

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

  call<T>(call: Call): Promise<T> {
    return this.authorised((token) => http<T>(withToken(call, token)));
  }

  /** A file: a page may not put the token into an address, so it reads the bytes and makes its own address of them. */
  blob(path: string, query?: Call["query"]): Promise<Blob> {
    return this.authorised((token) =>
      httpBlob(withToken({ method: "GET", path, ...(query && { query }) }, token)),
    );
  }

  /** @throws Problem, or DOMException `AbortError` when it was cancelled */
  upload(given: Omit<Upload, "token">): Promise<UploadAnswer["body"]> {
    return this.authorised(async (token) => {
      const { status, body } = await upload({ ...given, token });
      if (status < 200 || status >= 300) throw problemOf(status, body);
      return body;
    });
  }

  private async authorised<T>(attempt: (token: string) => Promise<T>): Promise<T> {
    const token = await this.tokens.token();
    try {
      return await attempt(token);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      return attempt(await this.tokens.renew(token));
    }
  }
}

function withToken(call: Call, token: string): Call {
  return { ...call, headers: { ...call.headers, authorization: `Bearer ${token}` } };
}
