import type { Request } from "@guichet/shared/protocol";
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Asker } from "../app/asker";
import type { Toasts } from "../app/toasts";
import type { Contact } from "../contacts/contact";
import type { Api } from "../http/api";
import { patiently } from "../http/patience";
import { Problem } from "../http/problem";
import { type T, tellProblem } from "../words/words";
import type { Editable, Field } from "./request";

interface Surroundings {
  api: Api;
  asker: Asker;
  toasts: Toasts;
  t: ReadonlySignal<T>;
  /** How the agent's language calls a reason. */
  reasonName: (id: string) => string;
  /** Takes in what the server says a request now is. */
  changed: (request: Request) => void;
}

/** What an agent does to a request: each change is saved at once, and never over one that the agent has not seen. */
export class Edits {
  private readonly current = signal<(Partial<Editable> & { id: string }) | null>(null);
  /** A change on its way, shown as if it had arrived. */
  readonly pending: ReadonlySignal<(Partial<Editable> & { id: string }) | null> = this.current;

  constructor(private readonly around: Surroundings) {}

  /** The request with the change that is on its way. */
  shown(request: Request): Request {
    const pending = this.current.value;
    return pending?.id === request.id ? { ...request, ...pending } : request;
  }

  /** Says whether it is so now. */
  async set<F extends Field>(request: Request, field: F, wanted: Editable[F]): Promise<boolean> {
    if (request[field] === wanted) return true;
    this.current.value = { id: request.id, [field]: wanted };
    const saved = await this.attempt(() => this.save(request, field, wanted));
    this.current.value = null;
    if (!saved) return false;
    this.around.changed(saved);
    if (saved[field] !== wanted) return false;
    const t = this.around.t.value;
    const text =
      field === "subject"
        ? t("request.saved.subject")
        : t(`request.saved.${field as Exclude<Field, "subject">}`, { value: this.name(field, wanted) });
    // A new request that was taken up cannot become new again.
    const undoable = request[field] !== "new";
    this.around.toasts.done(text, undoable ? () => void this.set(saved, field, request[field]) : undefined);
    return true;
  }

  /** The request as it now is; null where that cannot be had. */
  read(requestId: string): Promise<Request | null> {
    return this.attempt(() => this.around.api.get<Request>(`/api/v1/requests/${requestId}`));
  }

  /** @param takeOver from whoever holds it: for an agent who sees who that is, and means it */
  async assign(request: Request, agentId: string, takeOver = false): Promise<void> {
    const t = this.around.t.value;
    const put = (body: object) =>
      this.around.api.call<Request>({ method: "PUT", path: `/api/v1/requests/${request.id}/assignee`, body });
    const saved = await this.attempt(async () => {
      try {
        return await put({ agent_id: agentId, take_over: takeOver });
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== "already_assigned") throw error;
        const { name } = error.body.assignee as { name: string };
        const confirmed = await this.around.asker.ask({
          title: t("assign.taken.title"),
          text: t("assign.taken", { name }),
          yes: t("assign.taken.takeOver"),
          no: t("assign.taken.keep", { name }),
        });
        return confirmed ? put({ agent_id: agentId, take_over: true }) : null;
      }
    });
    if (!saved) return;
    this.around.changed(saved);
    const before = request.assignee;
    const undo = () => void (before ? this.assign(saved, before.id, true) : this.release(saved));
    if (saved.assignee) this.around.toasts.done(t("assign.done", { name: saved.assignee.name }), undo);
  }

  async release(request: Request): Promise<void> {
    const saved = await this.attempt(() =>
      this.around.api.call<Request>({ method: "DELETE", path: `/api/v1/requests/${request.id}/assignee` }),
    );
    const before = request.assignee;
    if (!saved) return;
    this.around.changed(saved);
    const undo = before ? () => void this.assign(saved, before.id) : undefined;
    this.around.toasts.done(this.around.t.value("assign.released"), undo);
  }

  /** The service hears of a new contact a moment after it is made: until then linking is tried again by itself. */
  async link(request: Request, contact: Pick<Contact, "id" | "name">): Promise<void> {
    const path = `/api/v1/requests/${request.id}/contact`;
    const put = () =>
      this.around.api.call<Request>({ method: "PUT", path, body: { contact_id: contact.id } });
    const saved = await this.attempt(() => patiently(put));
    if (!saved) return;
    this.around.changed(saved);
    const before = request.contact;
    const undo = () => void (before ? this.link(saved, before) : this.unlink(saved));
    this.around.toasts.done(this.around.t.value("contact.linked", { name: contact.name }), undo);
  }

  async unlink(request: Request): Promise<void> {
    const path = `/api/v1/requests/${request.id}/contact`;
    const saved = await this.attempt(() => this.around.api.call<Request>({ method: "DELETE", path }));
    const before = request.contact;
    if (!saved) return;
    this.around.changed(saved);
    const undo = before ? () => void this.link(saved, before) : undefined;
    this.around.toasts.done(this.around.t.value("contact.unlinked"), undo);
  }

  /** Closes the conversation; the request's new status comes back by the live feed. Says whether it is closed. */
  async closeConversation(conversationId: string, status: Request["status"]): Promise<boolean> {
    const closed = await this.attempt(async () => {
      try {
        await this.around.api.call({
          method: "POST",
          path: `/api/v1/conversations/${conversationId}/close`,
          body: { request_status: status },
        });
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== "conversation_closed") throw error;
        this.around.toasts.done(this.around.t.value("close.already"));
      }
      return true;
    });
    return closed ?? false;
  }

  /** Sends the closed conversation to the customer by e-mail; one that cannot be sent undoes nothing. */
  async sendTranscript(conversationId: string): Promise<void> {
    const { api, toasts, t } = this.around;
    const path = `/api/v1/conversations/${conversationId}/transcript`;
    const call = { method: "POST", path, body: { id: crypto.randomUUID() } } as const;
    try {
      await api.call(call);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      toasts.failed(t.value("close.transcript.failed", { problem: tellProblem(error, t.value) }));
    }
  }

  private async save<F extends Field>(
    request: Request,
    field: F,
    wanted: Editable[F],
  ): Promise<Request | null> {
    try {
      return await this.around.api.call<Request>({
        method: "PATCH",
        path: `/api/v1/requests/${request.id}`,
        body: { [field]: wanted },
        headers: { "if-match": `"${request.version}"` },
      });
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 412) throw error;
      const current = error.body.current as Request;
      if (current[field] === wanted) return current;
      // Something else changed (a message arrived, say): what the agent saw of this field still holds.
      const unchanged = current[field] === request[field];
      return unchanged || (await this.confirm(field, current, wanted))
        ? this.save(current, field, wanted)
        : current;
    }
  }

  private confirm<F extends Field>(field: F, current: Request, wanted: Editable[F]): Promise<boolean> {
    const t = this.around.t.value;
    const names = { current: this.name(field, current[field]), wanted: this.name(field, wanted) };
    this.around.changed(current);
    return this.around.asker.ask({
      title: t("request.conflict.title"),
      text: t(`request.conflict.${field as Field}`, names),
      yes: t("request.conflict.apply", names),
      no: t("request.conflict.keep", names),
    });
  }

  private name<F extends Field>(field: F, value: Editable[F]): string {
    const t = this.around.t.value;
    if (value === null) return t(`request.conflict.none.${field as "subject" | "reason_id"}`);
    switch (field) {
      case "status":
        return t(`status.${value as Editable["status"]}`);
      case "priority":
        return t(`priority.${value as Editable["priority"]}`);
      case "reason_id":
        return this.around.reasonName(value);
      default:
        return value;
    }
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
