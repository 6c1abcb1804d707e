/** A file on its way to `attachments`: says how far it is, and can be called back. */

export interface Upload {
  url: string;
  token: string;
  file: File;
  /** What the form says besides the file: `scope`, and `id` so that a repeat is the same file. */
  fields: Record<string, string>;
  /** From 0 to 1. */
  onProgress: (sent: number) => void;
  signal: AbortSignal;
}

export interface UploadAnswer {
  /** HTTP status, 0 when no answer came. */
  status: number;
  /** The answer's JSON; empty when it was none. */
  body: Record<string, unknown>;
}

/**
 * Sends one file as a form. XMLHttpRequest, because `fetch` cannot tell how much of a body has left.
 * @throws DOMException `AbortError` when `signal` says so
 */
export function upload({ url, token, file, fields, onProgress, signal }: Upload): Promise<UploadAnswer> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  // Last, so that a server that reads the form as a stream knows the rest before.
  form.append("file", file, file.name);
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const call = new XMLHttpRequest();
    const cancel = () => call.abort();
    signal.addEventListener("abort", cancel, { once: true });
    call.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    call.onload = () => resolve({ status: call.status, body: parsed(call.responseText) });
    call.onerror = () => resolve({ status: 0, body: {} });
    call.onabort = () => reject(signal.reason);
    call.onloadend = () => signal.removeEventListener("abort", cancel);
    call.open("POST", url);
    call.setRequestHeader("authorization", `Bearer ${token}`);
    call.send(form);
  });
}

/** A gateway may answer in HTML for a service that is down. */
function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
