/** The wire between browsers and `chat`, as fixed by docs/protocol.md. Field names are the wire's own. */

export type AuthorKind = "visitor" | "contact" | "agent" | "system";

export interface Author {
  kind: AuthorKind;
  id: string | null;
  name: string | null;
}

export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  /** Bytes. */
  size: number;
}

export type Channel = "chat" | "email" | "web_form" | "manual";
export type RequestStatus = "new" | "in_progress" | "pending" | "closed";
export type Priority = "low" | "medium" | "high";
export type ConversationState = "open" | "closed";

export interface Conversation {
  id: string;
  state: ConversationState;
  last_seq: number;
}

interface EntryCommon {
  conversation_id: string;
  /** 1, 2, 3, … within the conversation, without a gap. */
  seq: number;
  /** The client's own id of the message, so that a sender recognises its post. */
  id: string;
  author: Author;
  /** RFC 3339, UTC. */
  at: string;
}

export interface MessageEntry extends EntryCommon {
  kind: "message";
  text: string;
  attachments: Attachment[];
}

export interface ClosedEntry extends EntryCommon {
  kind: "closed";
  request_status: RequestStatus;
}

export type Entry = MessageEntry | ClosedEntry;

export interface Agent {
  id: string;
  name: string;
  initials: string;
  email: string;
  role: "agent" | "supervisor" | "admin";
  active: boolean;
  available: boolean;
}

export interface Request {
  id: string;
  number: number;
  channel: Channel;
  status: RequestStatus;
  priority: Priority;
  reason_id: string | null;
  subject: string | null;
  preview: string | null;
  /** The agent who said what `preview` shows. Absent, as the next: nobody. */
  preview_by?: { id: string; name: string } | null;
  /** Since when the customer waits for an answer. */
  waiting_since?: string | null;
  contact: { id: string; name: string; email: string | null } | null;
  visitor: { id: string; name: string | null; email: string | null } | null;
  assignee: { id: string; name: string; initials: string } | null;
  conversation: Conversation | null;
  unread: number;
  /** Nothing came on it but what machines sent, of which `preview` is one. Absent: no. */
  automatic?: boolean;
  last_activity_at: string;
  created_at: string;
  closed_at: string | null;
  version: number;
}

export interface TimelineEvent {
  name:
    | "assigned"
    | "released"
    | "status_changed"
    | "priority_changed"
    | "reason_changed"
    | "subject_changed"
    | "contact_linked"
    | "contact_unlinked"
    | "conversation_opened"
    | "conversation_closed"
    | "request_created"
    | "email_moved"
    | "email_judged"
    | "email_repeated"
    | "transcript_without_address";
  from?: string | { id: string; name: string } | null;
  to?: string | { id: string; name: string } | null;
  by?: Author | null;
}

/** A file of a timeline item; those of a received e-mail also say how they stand and whether the HTML shows them. */
export interface ItemFile extends Attachment {
  /** Absent: `ready`. Refused ones are not kept, for the reason `detail`. */
  state?: "ready" | "checking" | "refused";
  detail?: string | null;
  /** What the HTML calls it, as `cid:`. */
  content_id?: string | null;
  inline?: boolean;
  /** The subject of an enclosed mail. */
  title?: string | null;
}

export type DeliveryState = "queued" | "sending" | "sent" | "failed" | "bounced" | "uncertain";

/** How an e-mail that was sent stands. */
export interface Delivery {
  state: DeliveryState;
  /** In words, mostly the mail server's own. */
  detail: string | null;
  attempts: number;
  next_attempt_at: string | null;
  at: string;
}

export interface EmailAddress {
  email: string;
  /** Empty where none was given. */
  name: string;
}

/** Why a received e-mail is on this request. */
export interface Placed {
  by: "reply_address" | "in_reply_to" | "references" | "bounce" | "follows" | "new_request" | "moved";
  /** It was sent to a reply address whose signature is not ours, which proved nothing. */
  forged_reply_address: boolean;
  /** Where it was moved from; or the request that it belongs to, closed for too long to be reopened. */
  from_request?: { id: string; number: number };
  moved_by?: string;
}

export interface BouncedRecipient {
  email: string;
  fate: "failed" | "delayed" | "delivered";
  /** RFC 3463; may be empty, as the next. */
  status: string;
  diagnostic: string;
}

/** A calendar invitation (RFC 5545); times as they stand there. */
export interface Invitation {
  method: string;
  summary: string;
  start: string;
  end: string;
  location: string;
  organizer: string;
  /** The same as moments, where they can be known. */
  starts_at?: string | null;
  ends_at?: string | null;
  /** As the invitation names it; may be empty. */
  zone?: string;
  all_day?: boolean;
}

/** What an item of kind `email` says besides its text, which is only what is new in it. */
export interface Email {
  subject: string;
  from: EmailAddress | null;
  /** The header From as it stands there, where no address was found in it. */
  raw_from?: string;
  /** Whom it says to answer. */
  reply_to?: EmailAddress[];
  to: EmailAddress[];
  cc: EmailAddress[];
  /** Of sent ones. */
  bcc?: EmailAddress[];
  /** Who wrote the mail that is forwarded in the text. */
  forwarded_from?: EmailAddress;
  /** The mail's own date. */
  sent_at?: string;
  mailbox: string | null;
  message_id: string | null;
  kind: "message" | "bounce" | "auto_reply" | "bulk" | "loop";
  /** By what a kind other than `message` was recognised. */
  why: string;
  /** What an agent, `judged_by`, said of it, whatever its `kind`. */
  written_by?: "person" | "machine";
  judged_by?: string;
  /** The type of an abuse report (RFC 5965). */
  complaint?: string;
  text_signature: string;
  text_quoted: string;
  html_quoted: string;
  /** Of received ones. */
  placed: Placed | null;
  /** From neither the contact nor anybody who took part. */
  other_sender: boolean;
  signed: "smime" | "pgp" | null;
  encrypted: boolean;
  /** What was mended or left out. */
  notes: string[];
  bounce: { recipients: BouncedRecipient[] } | null;
  invitation: Invitation | null;
  /** No person wrote it. */
  automatic: boolean;
  /** Of sent ones. */
  purpose?: "reply" | "forward" | "confirmation" | "transcript" | "proof" | null;
  authentication?: Authentication;
}

/** What the mail server found out about the sender (RFC 8601); `fail`: the address was forged. */
export interface Authentication {
  server: string;
  spf: string | null;
  dkim: string | null;
  dmarc: string | null;
  verdict: "pass" | "fail" | "none";
}

export interface TimelineItem {
  id: string;
  at: string;
  kind: "message" | "email" | "note" | "event";
  channel: Channel;
  direction: "inbound" | "outbound" | "internal";
  author: Author;
  text: string;
  html?: string;
  attachments: ItemFile[];
  /** Of sent e-mails. */
  delivery: Delivery | null;
  conversation_id?: string;
  seq?: number;
  /** Only on `kind: "email"`; its `html` is clean, and remote images stand as `src="remote:https://…"`. */
  email?: Email;
  /** Only on `kind: "event"`. */
  event?: TimelineEvent;
}

/** Codes of the `error` frame. */
export type ErrorCode =
  | "invalid_json"
  | "invalid_frame"
  | "unknown_type"
  | "frame_too_large"
  | "conversation_closed"
  | "not_found"
  | "id_taken"
  | "unavailable"
  | "rate_limited";

// Client → server

export interface PostFrame {
  type: "message.post";
  id: string;
  text: string;
  receipts?: string[];
  conversation_id?: string;
}

interface CommonSent {
  sync: { type: "sync"; conversation_id: string; after_seq: number };
  read: { type: "read"; conversation_id: string; seq: number };
  ping: { type: "ping" };
}

export type CustomerSent = PostFrame | CommonSent[keyof CommonSent] | { type: "typing"; on: boolean };

/** An agent's `message.post` always names its conversation. */
export type AgentSent =
  | PostFrame
  | CommonSent[keyof CommonSent]
  | { type: "typing"; conversation_id: string; on: boolean }
  | { type: "subscribe"; conversation_id: string; after_seq: number }
  | { type: "unsubscribe"; conversation_id: string }
  | {
      type: "watch";
      request_ids: string[];
      /** Told of these, too, whatever is shown. */
      also?: ("mine" | "unassigned")[];
      bundled?: boolean;
      contact_id?: string;
      view?: { view: "open" | "mine" | "unassigned" | "closed" | "all" } & Partial<
        Record<"channel" | "status" | "priority" | "reason_id" | "assignee_id" | "contact_id", string | null>
      >;
    };

// Server → client

export interface AcceptedFrame {
  type: "message.accepted";
  id: string;
  conversation_id: string;
  seq: number;
  at: string;
}

export type EntryFrame = { type: "entry" } & Entry;

export interface SyncedFrame {
  type: "synced";
  conversation_id: string;
  last_seq: number;
}

export interface TypingFrame {
  type: "typing";
  conversation_id: string;
  author: Author;
  on: boolean;
}

export interface ReadFrame {
  type: "read";
  conversation_id: string;
  reader: "visitor" | "agent";
  seq: number;
}

export interface ErrorFrame {
  type: "error";
  ref: string | null;
  code: ErrorCode;
  detail: string;
  errors?: { field: string; message: string }[];
}

type CommonReceived =
  | AcceptedFrame
  | EntryFrame
  | SyncedFrame
  | TypingFrame
  | ReadFrame
  | ErrorFrame
  | { type: "pong" };

export type CustomerReceived =
  | { type: "ready"; visitor_id: string; conversation: Conversation | null }
  | CommonReceived;

export type AgentReceived =
  | { type: "ready"; agent: Pick<Agent, "id" | "name" | "initials" | "role"> }
  | { type: "request"; request: Request }
  | { type: "requests"; requests: Request[] }
  | { type: "requests_changed"; count: number }
  | { type: "refresh" }
  | CommonReceived;
