/** The desk as a form reaches it: which form this is, its files, and what was typed. */
import type { Locale } from "@guichet/shared/i18n";
import type { FileServer } from "@guichet/shared/tray";
import { type UploadAnswer, upload } from "@guichet/shared/upload";

const FILES = "/api/v1/attachments";

export interface Field {
  name: string;
  kind: "text" | "textarea" | "select" | "tel";
  label: string;
  required: boolean;
  options: string[];
}

export interface Form {
  key: string;
  name: string;
  language: Locale;
  fields: Field[];
  color: string | null;
  /** The customer gets a mail with the number. */
  confirmation: boolean;
  /** What files are uploaded with. */
  token: string;
}

/** What is sent; `id` names this very filling in, so that a repeat is the same request. */
export interface Filled {
  id: string;
  name: string;
  email: string;
  subject: string;
  message: string;
  website: string;
  fields: Record<string, string>;
  attachment_ids: string[];
}

export interface Answer {
  /** HTTP status, 0 when no answer came. */
  status: number;
  body: {
    number?: number;
    /** A mail with the number is on its way. */
    confirmed?: boolean;
    code?: string;
    errors?: { field: string }[];
  };
}

export interface Server {
  /** null: there is no such form (any more). @throws when it cannot be said now */
  load(): Promise<Form | null>;
  post(filled: Filled, token: string): Promise<Answer>;
  files(token: () => string): FileServer;
}

export class Desk implements Server {
  #path: string;

  constructor(key: string) {
    this.#path = `/api/v1/forms/${encodeURIComponent(key)}`;
  }

  async load(): Promise<Form | null> {
    const response = await fetch(this.#path);
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return response.json();
  }

  async post(filled: Filled, token: string): Promise<Answer> {
    try {
      const response = await fetch(this.#path, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: JSON.stringify(filled),
      });
      return { status: response.status, body: await response.json() };
    } catch (error) {
      console.warn("guichet:", error);
      return { status: 0, body: {} };
    }
  }

  files(token: () => string): FileServer {
    return {
      send: (file, id, onProgress, signal) =>
        upload({ url: FILES, token: token(), file, fields: { scope: "visitor", id }, onProgress, signal }),
      async status(id): Promise<UploadAnswer> {
        const headers = { Authorization: `Bearer ${token()}` };
        const response = await fetch(`${FILES}/${id}/status`, { headers });
        return { status: response.status, body: await response.json() };
      },
    };
  }
}
