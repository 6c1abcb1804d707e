/** All that handles files, in one piece that is loaded when a visitor meets the first one. */

import type { Memory } from "@guichet/shared/memory";
import type { Outbox, OwnMessage } from "@guichet/shared/outbox";
import type { Attachment } from "@guichet/shared/protocol";
import { Tray } from "@guichet/shared/tray";
import type { Session } from "../session";
import { FileList } from "./file_list";
import css from "./files.css?inline";
import { Attachments } from "./server";
import { TrayView } from "./tray_view";

export class FilesPart {
  readonly tray: Tray;
  readonly Tray = TrayView;
  readonly List = ({ files }: { files: readonly Attachment[] }) => (
    <FileList files={files} server={this.#server} />
  );
  #server: Attachments;
  #renewed = new Set<string>();

  constructor(session: Session, memory: Memory, onChange: () => void) {
    this.#server = new Attachments(session);
    this.tray = new Tray(this.#server, memory, onChange);
    addEventListener("online", () => this.tray.retryAll());
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets.push(sheet);
  }

  /** Writes a refused message anew, where its receipts have expired: the server keeps files longer than these. */
  async renew({ id, attachments = [], conversation_id }: OwnMessage, outbox: Outbox): Promise<void> {
    // New receipts were refused too: no others will do.
    if (this.#renewed.has(id)) return;
    try {
      const answers = await Promise.all(attachments.map((file) => this.#server.status(file.id)));
      const receipts = answers.flatMap(({ body }) =>
        typeof body.receipt === "string" ? [body.receipt] : [],
      );
      if (receipts.length < attachments.length) return;
      const again = outbox.rewrite(id, { ...(conversation_id && { conversation_id }), receipts });
      if (again) this.#renewed.add(again.id);
    } catch (error) {
      console.warn("guichet:", error);
    }
  }
}
