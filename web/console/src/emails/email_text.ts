/** What is known about an e-mail, in words. */
import { formatDateTime, type Locale } from "@guichet/shared/i18n";
import type { Delivery, Email, Invitation, ItemFile } from "@guichet/shared/protocol";
import type { T } from "../words/words";

/** Sentences of the mailer's own, among what it hands on of other servers in their words. */
const MAILER_SAYS = [
  [/^its subject says so$/, "mailer.subjectSaysSo"],
  [/^it has no return address$/, "mailer.noReturnAddress"],
  [/^it carries the mark of mail that this desk sent$/, "mailer.ownMark"],
  [/^it went through (?<count>\d+) servers$/, "mailer.manyServers"],
  [/^its text is that of an automatic reply$/, "mailer.textSaysSo"],
  [/^its subject begins as that of an automatic reply$/, "mailer.subjectSaysSo"],
  [/^it reports on mail that was sent$/, "mailer.reports"],
  [/^it says that mail did not arrive$/, "mailer.saysUndelivered"],
  [/^it says that mail did not arrive, and names one that was sent$/, "mailer.saysUndeliveredOurs"],
  [/^it is a report of the type (?<count>[\w-]+) on mail that was sent \(RFC 5965\)$/, "mailer.complains"],
  [/^it is from a mail system \(.*\)$/, "mailer.daemon"],
  [/^it says that a mail was displayed or deleted \(RFC 8098\)$/, "mailer.receipt"],
  [/^(?<count>\d+) pasted pictures were left out$/, "mailer.picturesLeftOut"],
  [/^an enclosed mail could not be kept byte for byte$/, "mailer.enclosedChanged"],
  [/^a text of (?<count>\d+) characters was cut; the whole is in the raw mail$/, "mailer.textCut"],
  [/^a winmail\.dat could not be opened; it is kept whole$/, "mailer.winmail"],
  [/^confirmed by a person$/, "mailer.confirmed"],
  [/^the mailer stopped after the server had begun to take the mail: .*$/, "mailer.stopped"],
  [/^too many automatic mails: a loop\?$/, "mailer.tooMany"],
] as const;
/** A header that the mailer names, as `Precedence: bulk`. */
const HEADER = /^[A-Z][\w-]*: \S/;
const GIVEN_UP = /^given up after (?<count>\d+) attempts: (?<detail>.*)$/s;

/** In the agent's language what the mailer says itself, and as it stands what it has from others. */
export function tellMailer(said: string, t: T): string {
  const givenUp = GIVEN_UP.exec(said)?.groups;
  if (givenUp) {
    return t("mailer.givenUp", {
      count: Number(givenUp.count),
      detail: tellMailer(givenUp.detail ?? "", t),
    });
  }
  // Of weak signs it took two.
  const signs = said.split(" and ");
  if (signs.length > 1 && signs.every((sign) => tellMailer(sign, t) !== sign || HEADER.test(sign))) {
    return signs.map((sign) => tellMailer(sign, t)).join(" ");
  }
  for (const [pattern, key] of MAILER_SAYS) {
    const found = pattern.exec(said);
    if (found)
      return (t as (key: string, values: object) => string)(key, { count: Number(found.groups?.count) });
  }
  return said;
}

/** Why a received e-mail is on this request; nothing where nobody would ask, as of one that plainly begins it. */
export function tellPlaced({ placed }: Email, t: T): string {
  if (!placed) return "";
  const { by, from_request: from, moved_by, forged_reply_address: forged } = placed;
  const number = from ? `#${from.number}` : "";
  if (by === "moved") {
    return moved_by
      ? t("email.placed.movedBy", { number: number || t("email.placed.another"), name: moved_by })
      : t("email.placed.moved", { number: number || t("email.placed.another") });
  }
  if (by === "new_request") {
    if (from) return t("email.placed.afterClosed", { number });
    return forged ? t("email.placed.new_request") : "";
  }
  return t(`email.placed.${by}`);
}

export interface Mark {
  name: string;
  tone: "plain" | "warn";
  /** What it means, or how it was recognised. */
  text: string;
}

/** What the agent should know before they trust, answer or expect anything. */
export function marks(email: Email, t: T): Mark[] {
  const found: Mark[] = [];
  const add = (tone: Mark["tone"], name: string, text: string) => found.push({ tone, name, text });
  if (email.placed?.forged_reply_address) add("warn", t("email.forged"), t("email.forged.text"));
  if (email.other_sender) add("warn", t("email.otherSender"), t("email.otherSender.text"));
  const { authentication: proven } = email;
  if (proven && proven.verdict !== "none") {
    const values = { server: proven.server, checks: tellChecks(proven) };
    const [name, text] = [`email.sender.${proven.verdict}`, `email.sender.${proven.verdict}.text`] as const;
    add(proven.verdict === "fail" ? "warn" : "plain", t(name), t(text, values));
  }
  if (email.written_by && email.judged_by) {
    add(
      "plain",
      t(`email.writtenBy.${email.written_by}`),
      t("email.writtenBy.text", { name: email.judged_by }),
    );
  } else if (email.kind !== "message") {
    const warns = email.kind === "bounce" || email.kind === "loop";
    add(warns ? "warn" : "plain", t(`email.kind.${email.kind}`), tellMailer(email.why, t));
  }
  if (email.encrypted) add("plain", t("email.encrypted"), t("email.encrypted.text"));
  if (email.signed) add("plain", t(`email.signed.${email.signed}`), t("email.signed.text"));
  if (email.complaint) add("warn", t("email.complaint"), email.complaint);
  if (email.purpose && email.purpose !== "reply") {
    add("plain", t(`email.purpose.${email.purpose}`), "");
  }
  return found;
}

/** The results of RFC 8601 as a server states them: "SPF: fail, DMARC: fail". */
function tellChecks({ spf, dkim, dmarc }: NonNullable<Email["authentication"]>): string {
  const found = [
    ["SPF", spf],
    ["DKIM", dkim],
    ["DMARC", dmarc],
  ].flatMap(([name, result]) => (result ? [`${name}: ${result}`] : []));
  return found.join(", ");
}

/** How a sent e-mail stands, and why. */
export function tellDelivery(delivery: Delivery | null, t: T, formatTime: (at: string) => string): string {
  const { state, detail, attempts, next_attempt_at } = delivery ?? {
    ...{ state: "queued", detail: null, attempts: 0, next_attempt_at: null },
  };
  const said = detail ? tellMailer(detail, t) : "";
  if (state === "queued" && attempts > 0 && next_attempt_at) {
    const values = { time: formatTime(next_attempt_at), count: attempts };
    return sentences(t("email.state.again", values), said);
  }
  return sentences(t(`email.state.${state}`), said);
}

/** Codes of `attachments`, and `empty` of the mailer's. */
const FILE_REFUSALS = [
  "too_large",
  "type_not_allowed",
  "infected",
  "empty",
  "empty_file",
  "validation_failed",
] as const;

/** A file that was not taken in, or is not yet. */
export function tellFileState({ state, detail }: ItemFile, t: T): string {
  if (state === "checking") return t("file.checking");
  const reason = FILE_REFUSALS.find((known) => known === detail);
  return t("email.file.refused", { reason: reason ? t(`email.file.${reason}`) : (detail ?? "") });
}

/** An invitation in a line: its time in the reader's zone and, where that differs, in the invitation's own zone. */
export function tellInvitation(
  { summary, start, end, location, organizer, starts_at, ends_at, zone = "" }: Invitation,
  locale: Locale,
  t: T,
): string {
  const written = span([start, end].map((time) => time && tellCalendarTime(time, locale)));
  const here = span([starts_at, ends_at].map((at) => at && formatDateTime(locale, new Date(at))));
  const theirs = [written, zone].filter(Boolean).join(" ");
  // Times in UTC are written in the reader's zone already.
  const when = !here || (here === written && zone !== "UTC") ? theirs : here;
  const beside = here && here !== written && theirs !== when ? `(${theirs})` : "";
  const told = [
    ...[summary, [when, beside].filter(Boolean).join(" "), location],
    organizer && t("email.invitation.by", { organizer }),
  ];
  return told.filter(Boolean).join(" · ");
}

function span(times: readonly (string | null | undefined)[]): string {
  return times.filter(Boolean).join(" – ");
}

/** A time of RFC 5545, 3.3.5: with Z in UTC, without in some zone of the sender's; anything else as it stands. */
export function tellCalendarTime(value: string, locale: string): string {
  const found = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(?:\d\d)?(Z?))?$/.exec(value.trim());
  if (!found) return value;
  const [, year, month, day, hour, minute, zone] = found;
  const date = `${year}-${month}-${day}`;
  if (hour === undefined) {
    return new Date(`${date}T00:00Z`).toLocaleDateString(locale, { dateStyle: "medium", timeZone: "UTC" });
  }
  const moment = new Date(`${date}T${hour}:${minute}Z`);
  const options = { dateStyle: "medium", timeStyle: "short" } as const;
  return moment.toLocaleString(locale, zone ? options : { ...options, timeZone: "UTC" });
}

function sentences(first: string, second: string): string {
  return second ? `${first} ${second}` : first;
}
