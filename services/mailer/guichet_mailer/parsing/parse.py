"""The whole mail: from bytes to `Mail`."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from email.message import Message
from typing import Any

from guichet_mailer.parsing import authentication, headers, html, quotes, signs
from guichet_mailer.parsing.body import Content
from guichet_mailer.parsing.charsets import decode
from guichet_mailer.parsing.classify import classify
from guichet_mailer.parsing.mail import Address, File, Invitation, Mail, Unreadable
from guichet_mailer.parsing.source import read_message

_ADDRESSED = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "resent-to")
_SUBJECT_LENGTH = 500
_LASTING = ("date", "from", "to", "cc", "subject")
"""Headers that no server on the way changes."""

_DIRTY = re.compile("[\x00\ud800-\udfff]")
_LONE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_LIST = re.compile(r"(?:mailto:)?([^\s<>,;:\"()]+@[^\s<>,;:?\"()]+)|<([^<>\s:@]+\.[^<>\s:@]+)>")

_HEADER_ENDS = re.compile(rb"\r?\n\r?\n")


def parse(raw: bytes, *, recipients: Sequence[str] = (), null_sender: bool = False) -> Mail:
    """What the mail says.

    ``recipients`` and ``null_sender`` come from the envelope, where there was one.

    Raises:
        Unreadable: it is empty, or built so that nothing can be made of it.
    """
    raw = raw.replace(b"\x00", b"").lstrip(b"\r\n")
    if not raw.strip():
        raise Unreadable("empty", "The mail is empty.")
    if raw.startswith(b"From "):  # the envelope line of an mbox file
        raw = raw.partition(b"\n")[2]
    mail = read_message(raw)
    content = Content()
    shown = content.read(mail)
    if not shown and not content.files and (preamble := _preamble(mail)):
        shown.text = preamble
    if not any(True for _ in mail.raw_items()) and not shown and not content.files:
        raise Unreadable("empty", "The mail has neither headers nor a body.")
    cleaned, quoted = html.split_quote(shown.html) if shown.html else (None, "")
    text = shown.text or (html.to_text(html.clean(shown.html)) if shown.html else "")
    if not text and content.invitation:
        text = _in_words(content.invitation)
    folded = quotes.fold(text)
    if quoted and not shown.text:  # the HTML may say where a quote begins, where its text does not
        folded = _with_quote(quotes.fold(html.to_text(cleaned or "")), html.to_text(quoted))
    writers = headers.addresses(mail, "from")
    reply_to = headers.addresses(mail, "reply-to")
    sender = next(iter(writers or headers.addresses(mail, "sender") or _answered(mail, reply_to)), None)
    judged = classify(mail, folded.text, sender, null_sender)
    addressed = [one.email for one in headers.addresses(mail, *_ADDRESSED)]
    message_id = next(iter(headers.message_ids(headers.raw_values(mail, "message-id"))), None)
    parsed = Mail(
        message_id=message_id,
        fingerprint=_likeness(sender, mail, folded.text, content.files) if message_id else _fingerprint(mail, raw),
        in_reply_to=headers.message_ids(headers.raw_values(mail, "in-reply-to")),
        references=headers.message_ids(headers.raw_values(mail, "references")),
        sender=sender,
        raw_from=None if writers else headers.text(mail, "from")[:_SUBJECT_LENGTH] or None,
        reply_to=reply_to,
        to=headers.addresses(mail, "to"),
        cc=headers.addresses(mail, "cc"),
        addressed=tuple(dict.fromkeys([*recipients, *addressed])),
        subject=headers.text(mail, "subject")[:_SUBJECT_LENGTH],
        date=headers.date(mail),
        text=folded.text,
        text_signature=folded.signature,
        text_quoted=folded.quoted,
        html=cleaned,
        html_quoted=quoted,
        files=tuple(content.files),
        kind=judged.kind,
        why=judged.why,
        reason=judged.reason,
        lists=_lists(mail),
        bounce=judged.bounce,
        suspected=judged.suspected,
        feedback_type=judged.feedback_type,
        answer_by_machine=judged.kind == "message" and not null_sender and not _unanswered(mail),
        forwarded_from=quotes.forwarded(folded, headers.text(mail, "subject")),
        invitation=content.invitation,
        signed=content.signed,
        encrypted=content.encrypted,
        notes=tuple(content.notes),
        checks=authentication.checks(mail),
    )
    clean: Mail = _scrubbed(parsed)
    return clean


def _with_quote(folded: quotes.Folded, quoted: str) -> quotes.Folded:
    return replace(folded, quoted="\n\n".join(filter(None, (folded.quoted, quoted))))


def _answered(mail: Message, reply_to: Sequence[Address]) -> list[Address]:
    """Whom to answer where From has no address, under the name that it has."""
    name = re.sub(r"<[^<>]*>|[\"']", " ", headers.text(mail, "from")).strip()
    return [replace(one, name=" ".join(name.split())[:200] or one.name) for one in reply_to[:1]]


def _lists(mail: Message) -> tuple[str, ...]:
    """The addresses of the mailing lists that it came through; an id (RFC 2919) as it is."""
    values = [value for name in signs.LIST_NAMES for value in headers.raw_values(mail, name)]
    found = [one.lower() for value in values for one in _listed(headers.readable(value))]
    return tuple(dict.fromkeys(found))[:20]


def _listed(value: str) -> list[str]:
    return [address or name for address, name in _LIST.findall(value[:1000])]


def _unanswered(mail: Message) -> bool:
    """Whether it asks machines not to answer (MS-OXCMAIL, X-Auto-Response-Suppress)."""
    wishes = re.split(r"[\s,;]+", headers.text(mail, "x-auto-response-suppress").lower())
    return bool({"all", "oof", "autoreply"} & set(wishes))


def _preamble(mail: Message) -> str:
    """What stands before the first part, where no part has anything to show."""
    text = decode((mail.preamble or "").encode("utf-8", "surrogateescape")).strip()
    return "" if re.match(r"(?i)this is a (?:multi-?part|cryptograph|mime)", text) else text


def _in_words(event: Invitation) -> str:
    """An invitation as text, for a mail that says nothing else."""
    times = f"{_time(event.start)} – {_time(event.end)}" if event.end else _time(event.start)
    zone = "" if event.all_day or not event.zone else f" ({event.zone})"
    return "\n".join(filter(None, (event.summary, f"{times}{zone}", event.location)))


def _time(value: str) -> str:
    """``20261203T090000`` as people read it."""
    return re.sub(r"^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\dZ?)?$", _readable_time, value)


def _readable_time(match: re.Match[str]) -> str:
    day = f"{match[1]}-{match[2]}-{match[3]}"
    return f"{day} {match[4]}:{match[5]}" if match[4] else day


def _scrubbed(value: Any) -> Any:
    """The same with every text clean: no half characters, which nothing behind the parser can store or send."""
    if isinstance(value, str):
        if _DIRTY.search(value):
            raw = _LONE.sub("\ufffd", value).encode("utf-8", "surrogateescape")
            return decode(raw)
        return value
    if isinstance(value, tuple):
        return tuple(_scrubbed(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _scrubbed(getattr(value, one.name)) for one in fields(value)})
    return value


def _likeness(sender: Address | None, mail: Message, text: str, files: Sequence[File]) -> str:
    """A hash of who wrote what and when. Programs that give all their mails one Message-ID give them no more than that.

    What lists add below (see `quotes`) does not count, so that a mail that came by two ways is one.
    """
    date = headers.date(mail)
    said = [date.isoformat() if date else "", sender.email.lower() if sender else "", " ".join(text.split())]
    said += [hashlib.sha256(file.content).hexdigest() for file in files]
    return hashlib.sha256("\n".join(said).encode("utf-8", "replace")).hexdigest()


def _fingerprint(mail: Message, raw: bytes) -> str | None:
    """A hash of what stays the same on every way here; None without a date, for a form may well say the same twice."""
    if not headers.raw_value(mail, "date"):
        return None
    lasting = "\n".join(headers.raw_value(mail, name) for name in _LASTING).encode("utf-8", "surrogateescape")
    end = _HEADER_ENDS.search(raw)
    body = raw[end.end() :] if end else b""
    return hashlib.sha256(lasting + b"\n\n" + body.replace(b"\r\n", b"\n").rstrip()).hexdigest()
