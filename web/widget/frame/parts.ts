/** What is loaded only for those who need it. */
import type { FilesPart } from "./files/part";
import type { Later } from "./later";

export interface Parts {
  files: Later<FilesPart>;
  /** What makes links of the addresses in a text. */
  links: Later<typeof import("@guichet/shared/links")>;
  contact: Later<typeof import("./contact/contact_form")>;
  /** What there is to do after a refusal, and after the closing. */
  after: Later<typeof import("./after/part")>;
}

/** Takes in the files that were chosen, dropped or pasted; whether there were any. */
export function attach({ files }: Pick<Parts, "files">, from: { files: FileList | null } | null): boolean {
  // Before the first pause: the browser empties its list then.
  const chosen = [...(from?.files ?? [])];
  if (chosen.length > 0) void files.get().then((part) => part?.tray.add(chosen));
  return chosen.length > 0;
}
