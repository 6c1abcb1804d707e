/** `attachments` as a visitor reaches it. The token goes in a header, never in an address. */

import type { FileServer } from "@guichet/shared/tray";
import { type UploadAnswer, upload } from "@guichet/shared/upload";
import type { Session } from "../session";

const PATH = "/api/v1/attachments";

export class Attachments implements FileServer {
  #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  send(
    file: File,
    id: string,
    onProgress: (sent: number) => void,
    signal: AbortSignal,
  ): Promise<UploadAnswer> {
    const fields = { scope: "visitor", id };
    return this.#signedIn((token) => upload({ url: PATH, token, file, fields, onProgress, signal }));
  }

  async status(id: string): Promise<UploadAnswer> {
    const response = await this.#get(`${id}/status`);
    return { status: response.status, body: await response.json() };
  }

  /** The bytes, or with `preview` a small picture of them. */
  get(id: string, preview = false): Promise<Response> {
    return this.#get(preview ? `${id}/preview` : id);
  }

  #get(path: string): Promise<Response> {
    return this.#signedIn((token) =>
      fetch(`${PATH}/${path}`, { headers: { Authorization: `Bearer ${token}` } }),
    );
  }

  /** Once more with a new token, where the old one has expired. */
  async #signedIn<R extends { status: number }>(call: (token: string) => Promise<R>): Promise<R> {
    const answer = await call(await this.#session.token(false));
    return answer.status === 401 ? call(await this.#session.token(true)) : answer;
  }
}
