import type { EmailAddress, Request, TimelineItem } from "@guichet/shared/protocol";
import type { ReadonlySignal } from "@preact/signals";
import type { Asker } from "../app/asker";
import type { Toasts } from "../app/toasts";
import { type Contact, sentFields } from "../contacts/contact";
import type { Contacts } from "../contacts/contacts";
import { saveFile } from "../files/save_file";
import type { Api } from "../http/api";
import { Problem } from "../http/problem";
import { type T, tellProblem } from "../words/words";

interface Surroundings {
  api: Pick<Api, "call" | "blob">;
  asker: Asker;
  toasts: Toasts;
  t: ReadonlySignal<T>;
  /** Takes in what the server says a request now is. */
  changed: (request: Request) => void;
  /** The item is on another request now. */
  moved: (itemId: string) => void;
  contacts: Pick<Contacts, "search" | "read" | "create">;
  link: (request: Request, contact: Contact) => Promise<void>;
  /** Reads the open request again. */
  reload: () => void;
}

/** What an agent does to an e-mail that is on the timeline. */
export class EmailActs {
  constructor(private readonly around: Surroundings) {}

  /** Sends it once more; where it may have arrived already, only when the agent means it. */
  async resend({ id, delivery }: TimelineItem): Promise<void> {
    const t = this.around.t.value;
    const maybeThere = delivery?.state === "uncertain";
    const question = {
      title: t("email.resend.title"),
      text: t("email.resend.ask"),
      yes: t("email.resend"),
      no: t("app.cancel"),
    };
    if (!maybeThere || (await this.around.asker.ask(question))) await this.decide(id, "resend");
  }

  /** The agent knows that it arrived. */
  async confirm({ id }: TimelineItem): Promise<void> {
    const t = this.around.t.value;
    const question = {
      title: t("email.confirm.title"),
      text: t("email.confirm.ask"),
      yes: t("email.confirm"),
      no: t("app.cancel"),
    };
    if (await this.around.asker.ask(question)) await this.decide(id, "confirm");
  }

  /**
   * Moves a received e-mail to another request; says whether it is there.
   * @param to null: to a request of its own, made for it
   */
  async move(requestId: string, item: TimelineItem, to: Pick<Request, "id"> | null): Promise<boolean> {
    const path = `/api/v1/requests/${requestId}/emails/${item.id}/move`;
    const body = to ? { request_id: to.id } : { new: true };
    const answer = await this.attempt(() =>
      this.around.api.call<{ request: Request }>({ method: "POST", path, body }),
    );
    if (!answer) return false;
    const { id, number } = answer.request;
    this.around.changed(answer.request);
    this.around.moved(item.id);
    this.around.reload();
    const text = this.around.t.value(to ? "email.moved" : "email.madeOwn", { number: `#${number}` });
    this.around.toasts.done(text, undefined, { requestId: id });
    return true;
  }

  /** The agent sees who wrote a received e-mail, whatever it was taken for. */
  async judge(requestId: string, { id }: Pick<TimelineItem, "id">, by: "person" | "machine"): Promise<void> {
    const path = `/api/v1/requests/${requestId}/emails/${id}/written-by`;
    const body = { written_by: by };
    const answer = await this.attempt(() =>
      this.around.api.call<{ request: Request }>({ method: "PUT", path, body }),
    );
    if (!answer) return;
    this.around.changed(answer.request);
    this.around.reload();
    const undo = () => void this.judge(requestId, { id }, by === "person" ? "machine" : "person");
    this.around.toasts.done(this.around.t.value(`email.judged.${by}`), undo);
  }

  /** Hands the mail as it came to the browser's downloads. */
  async download({ id }: TimelineItem): Promise<void> {
    const blob = await this.attempt(() => this.around.api.blob(`/api/v1/mail/received/${id}/raw`));
    if (blob) saveFile(blob, `${id}.eml`);
  }

  /** Links the request to the contact of this address, which is made where there is none. */
  async makeContact(request: Request, person: EmailAddress): Promise<void> {
    const { contacts, link } = this.around;
    const contact = await this.attempt(async () => {
      const found = await contacts.search(person.email);
      const same = found.find(({ email }) => email?.toLowerCase() === person.email.toLowerCase());
      return same ?? (await contacts.create(crypto.randomUUID(), sentFields(person)));
    });
    if (contact) await link(request, contact);
  }

  private async decide(itemId: string, decision: "resend" | "confirm"): Promise<void> {
    const path = `/api/v1/mail/deliveries/${itemId}/${decision}`;
    await this.attempt(() => this.around.api.call({ method: "POST", path }));
    this.around.reload();
  }

  private async attempt<R>(action: () => Promise<R>): Promise<R | null> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.around.toasts.failed(tellProblem(error, this.around.t.value));
      return null;
    }
  }
}
