import { Outbox, type OwnMessage } from "@guichet/shared/outbox";
import type { Agent, AgentReceived, AgentSent, Request } from "@guichet/shared/protocol";
import { GuichetSocket, type SocketState } from "@guichet/shared/socket";
import { batch, effect, type ReadonlySignal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { Agents } from "./agents/agents";
import { Asker } from "./app/asker";
import { listQuery } from "./app/route";
import type { Router } from "./app/router";
import { Toasts } from "./app/toasts";
import { ContactList } from "./contacts/contact_list";
import { Contacts } from "./contacts/contacts";
import { EmailActs } from "./emails/email_acts";
import { Emails } from "./emails/emails";
import { Uploads } from "./files/uploads";
import type { WebForm } from "./forms/web_form";
import { Api } from "./http/api";
import { Catalogue } from "./http/catalogue";
import { Quarantine } from "./quarantine/quarantine";
import type { Reason } from "./reasons/reason";
import { Edits } from "./requests/edits";
import { Finishing } from "./requests/finishing";
import { find } from "./requests/list";
import { NewRequest } from "./requests/new_request";
import { Requests } from "./requests/requests";
import { Watching } from "./requests/watching";
import type { Session } from "./session/session";
import { settingsFor } from "./settings/pages";
import type { Template } from "./templates/template";
import { Drafts } from "./timeline/drafts";
import { Thread } from "./timeline/thread";
import { announcer } from "./told/announcer";
import { KeptChoices } from "./told/choices";
import { Told } from "./told/told";
import { tellProblem, type Words } from "./words/words";

/** All that a signed-in agent works with, joined: built at sign-in, stopped at sign-out. */
export class Desk {
  readonly api: Api;
  readonly requests: Requests;
  readonly agents: Agents;
  readonly contacts: Contacts;
  readonly contactList: ContactList;
  readonly templates: Catalogue<Template>;
  readonly reasons: Catalogue<Reason>;
  readonly forms: Catalogue<WebForm>;
  readonly quarantine: Quarantine;
  readonly uploads: Uploads;
  readonly edits: Edits;
  readonly finishing: Finishing;
  readonly emails: Emails;
  readonly emailActs: EmailActs;
  readonly newRequest: NewRequest;
  readonly drafts: Drafts;
  readonly outbox: Outbox;
  readonly toldChoices: KeptChoices;
  readonly told: Told;
  readonly toasts = new Toasts();
  readonly asker = new Asker();

  private readonly own = signal<readonly OwnMessage[]>([]);
  private readonly currentThread = signal<Thread | null>(null);
  private readonly currentConnection = signal<SocketState>("connecting");
  readonly thread: ReadonlySignal<Thread | null> = this.currentThread;
  readonly connection: ReadonlySignal<SocketState> = this.currentConnection;

  private readonly socket: GuichetSocket<AgentReceived, AgentSent>;
  private readonly watching = new Watching((frame) => this.socket.send(frame));
  private stopFollowing = () => {};

  /** What a reason is called in the agent's language; undefined where it is not known. */
  readonly reasonName: (id: string) => string | undefined;

  constructor(
    readonly agent: Agent,
    readonly session: Session,
    readonly router: Router,
    words: Words,
  ) {
    this.api = new Api(session);
    this.requests = new Requests(this.api, agent.id, (read, again) => this.told.read(read, again));
    this.agents = new Agents(this.api);
    this.contacts = new Contacts(this.api);
    this.contactList = new ContactList(this.api);
    this.templates = new Catalogue(this.api, "/api/v1/templates");
    this.reasons = new Catalogue(this.api, "/api/v1/reasons");
    this.forms = new Catalogue(this.api, "/api/v1/forms");
    this.quarantine = new Quarantine(this.api);
    this.uploads = new Uploads(this.api);
    this.newRequest = new NewRequest(this.api, sessionStorage, agent.id);
    this.drafts = new Drafts(localStorage, agent.id);
    this.toldChoices = new KeptChoices(localStorage, agent.id);
    this.told = new Told({
      me: agent.id,
      choices: this.toldChoices.chosen,
      looksAt: (id) => this.lookedAt() === id,
      announce: announcer(words.t, router),
    });
    this.reasonName = (id) =>
      this.reasons.items.value?.find((reason) => reason.id === id)?.label[words.locale.value];
    this.edits = new Edits({
      api: this.api,
      asker: this.asker,
      toasts: this.toasts,
      t: words.t,
      reasonName: (id) => this.reasonName(id) ?? id,
      changed: (request) => this.changed(request),
    });
    this.finishing = new Finishing({
      storage: localStorage,
      owner: agent.id,
      edits: this.edits,
      read: (id) => this.edits.read(id),
      shown: () => this.requests.list.peek().shown,
      opened: () => router.route.peek().requestId,
      open: (requestId) => router.go({ requestId }),
      own: this.own,
    });
    this.emails = new Emails({
      api: this.api,
      drafts: this.drafts,
      uploads: this.uploads,
      sent: (requestId) => {
        this.reload(requestId);
        this.finishing.emailSent(requestId);
      },
      failed: (requestId, problem) => {
        if (this.thread.value?.requestId === requestId) return;
        const t = words.t.value;
        this.toasts.failed(t("composer.email.failed", { problem: tellProblem(problem, t) }));
      },
    });
    this.emailActs = new EmailActs({
      api: this.api,
      asker: this.asker,
      toasts: this.toasts,
      t: words.t,
      changed: (request) => this.changed(request),
      contacts: this.contacts,
      link: (request, contact) => this.edits.link(request, contact),
      moved: (itemId) => this.thread.value?.forget(itemId),
      reload: () => void this.thread.value?.reload(),
    });
    this.outbox = new Outbox({
      storage: localStorage,
      prefix: `guichet.outbox.${agent.id}.`,
      // An agent's message always names its conversation; the frame's type leaves that open for customers.
      send: (frame) => this.socket.send(frame as AgentSent),
      onChange: () => {
        this.own.value = this.outbox.messages.map((message) => ({ ...message }));
      },
    });
    this.own.value = [...this.outbox.messages];
    let lastToken = "";
    this.socket = new GuichetSocket({
      url: `${location.origin.replace(/^http/, "ws")}/api/v1/live`,
      token: async (renew) => {
        lastToken = await (renew ? session.renew(lastToken) : session.token());
        return lastToken;
      },
      onFrame: (frame) => this.receive(frame),
      onState: (state) => {
        this.currentConnection.value = state;
        if (state !== "open") this.outbox.pause();
      },
    });
  }

  start(): void {
    const stopList = effect(() => this.requests.show(listQuery(this.router.route.value)));
    const stopThread = effect(() => this.openThread(this.router.route.value.requestId));
    const stopWatching = effect(() => this.watch());
    const look = () => this.look();
    const stopLooking = effect(look);
    const stopReading = effect(() => {
      const request = this.thread.value?.request.value;
      if (request) this.told.read([request], false);
    });
    for (const moment of ["focus", "visibilitychange"]) addEventListener(moment, look, true);
    this.stopFollowing = () => {
      for (const moment of ["focus", "visibilitychange"]) removeEventListener(moment, look, true);
      stopLooking();
      stopReading();
      stopList();
      stopThread();
      stopWatching();
    };
    if (settingsFor(this.agent).includes("quarantine")) this.quarantine.watch();
    this.socket.open();
  }

  stop(): void {
    this.stopFollowing();
    this.thread.value?.close();
    this.requests.stop();
    this.watching.stop();
    this.told.stop();
    this.finishing.stop();
    this.quarantine.stop();
    this.uploads.stop();
    this.outbox.pause();
    this.socket.close();
  }

  private watch(): void {
    const route = this.router.route.value;
    const { shown, waiting } = this.requests.list.value;
    const inList = [...shown, ...waiting].map(({ id }) => id);
    this.watching.tell({
      query: listQuery(route),
      requestIds: route.requestId === null ? inList : [...inList, route.requestId],
      beside: this.requests.beside.value,
      told: (["mine", "unassigned"] as const).filter((cause) => this.toldChoices.chosen.value[cause]),
    });
  }

  private openThread(id: string | null): void {
    const before = this.currentThread.peek();
    if (before?.requestId === (id ?? undefined)) return;
    before?.close();
    const thread =
      id === null ? null : new Thread(id, { api: this.api, send: (f) => this.socket.send(f), own: this.own });
    this.currentThread.value = thread;
    if (id !== null) thread?.open(find(this.requests.list.peek(), id));
  }

  private reload(requestId: string): void {
    if (this.thread.value?.requestId === requestId) void this.thread.value.reload();
  }

  /** The request that the agent has before the eyes: this window is in front, and shows it. */
  private lookedAt(): string | null {
    const { requestId, settings, contacts } = this.router.route.value;
    const inFront = document.visibilityState === "visible" && document.hasFocus();
    return inFront && !settings && !contacts ? requestId : null;
  }

  private look(): void {
    const id = this.lookedAt();
    if (id !== null) this.told.looked(id);
  }

  private changed(request: Request): void {
    this.told.heard(request);
    this.requests.changed(request);
    this.thread.value?.changed(request);
  }

  private receive(frame: AgentReceived): void {
    switch (frame.type) {
      case "ready":
        // Before anything is read: what changes after the reading is told of.
        this.watching.renew();
        this.outbox.resume();
        this.thread.value?.resume();
        // What changed while there was no connection was not told.
        void this.requests.reload();
        void this.reasons.load();
        break;
      case "refresh":
        void this.requests.reload();
        void this.thread.value?.reload();
        break;
      case "request":
        this.changed(frame.request);
        break;
      case "requests":
        batch(() => {
          for (const request of frame.requests) this.changed(request);
        });
        break;
      case "requests_changed":
        this.requests.othersChanged();
        break;
      case "message.accepted":
        this.outbox.accepted(frame);
        break;
      case "error":
        this.outbox.refused(frame);
        break;
      case "entry":
        this.thread.value?.receive(frame);
        this.outbox.logged(frame);
        break;
      default:
        this.thread.value?.receive(frame);
    }
  }
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("useDesk needs a DeskContext above it");
  return desk;
}
