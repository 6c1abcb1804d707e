/** What is loaded only for those who need it. */
import type { ComponentType } from "preact";
import type { Chat } from "./chat";
import type { FilesPart } from "./files/part";
import type { Later } from "./later";
import type { Bubble } from "./thread";

export interface Parts {
  files: Later<FilesPart>;
  contactForm: Later<ComponentType<{ chat: Chat }>>;
  refusal: Later<ComponentType<{ item: Bubble; chat: Chat }>>;
}

/** Takes in the files that were chosen, dropped or pasted; whether there were any. */
export function attach({ files }: Pick<Parts, "files">, from: { files: FileList | null } | null): boolean {
  // Before the first pause: the browser empties its list then.
  const chosen = [...(from?.files ?? [])];
  if (chosen.length > 0) void files.get().then((part) => part?.tray.add(chosen));
  return chosen.length > 0;
}
