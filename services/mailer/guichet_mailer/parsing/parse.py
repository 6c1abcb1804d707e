"""The whole mail: from bytes to `Mail`."""

import hashlib
import re
from collections.abc import Sequence
from email.message import Message

from guichet_mailer.parsing import headers, html, quotes
from guichet_mailer.parsing.body import Content, read_message
from guichet_mailer.parsing.classify import classify
from guichet_mailer.parsing.mail import Mail, Unreadable

_ADDRESSED = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "resent-to")
_SUBJECT_LENGTH = 500
_LASTING = ("date", "from", "to", "cc", "subject")
"""Headers that no server on the way changes."""

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
    if not any(True for _ in mail.raw_items()) and not shown and not content.files:
        raise Unreadable("empty", "The mail has neither headers nor a body.")
    written, quoted = html.split_quote(shown.html) if shown.html else ("", "")
    cleaned = html.clean(written) if shown.html else None
    text = shown.text or (html.to_text(html.clean(shown.html)) if shown.html else "")
    if not text and content.invitation:
        event = content.invitation
        text = "\n".join(filter(None, (event.summary, f"{event.start} – {event.end}", event.location)))
    folded = quotes.fold(text)
    senders = headers.addresses(mail, "from") or headers.addresses(mail, "sender")
    sender = senders[0] if senders else None
    kind, why, bounce = classify(mail, raw, sender, null_sender)
    addressed = [one.email for one in headers.addresses(mail, *_ADDRESSED)]
    message_id = next(iter(headers.message_ids(headers.raw_values(mail, "message-id"))), None)
    return Mail(
        message_id=message_id,
        fingerprint=None if message_id else _fingerprint(mail, raw),
        in_reply_to=headers.message_ids(headers.raw_values(mail, "in-reply-to")),
        references=headers.message_ids(headers.raw_values(mail, "references")),
        sender=sender,
        reply_to=headers.addresses(mail, "reply-to"),
        to=headers.addresses(mail, "to"),
        cc=headers.addresses(mail, "cc"),
        addressed=tuple(dict.fromkeys([*recipients, *addressed])),
        subject=headers.text(mail, "subject")[:_SUBJECT_LENGTH],
        date=headers.date(mail),
        text=folded.text,
        text_signature=folded.signature,
        text_quoted=folded.quoted,
        html=cleaned,
        html_quoted=html.clean(quoted) if quoted else "",
        files=tuple(content.files),
        kind=kind,
        why=why,
        bounce=bounce,
        invitation=content.invitation,
        signed=content.signed,
        encrypted=content.encrypted,
        notes=tuple(content.notes),
    )


def _fingerprint(mail: Message, raw: bytes) -> str | None:
    """A hash of what stays the same on every way here; None without a date, for a form may well say the same twice."""
    if not headers.raw_value(mail, "date"):
        return None
    lasting = "\n".join(headers.raw_value(mail, name) for name in _LASTING).encode("utf-8", "surrogateescape")
    end = _HEADER_ENDS.search(raw)
    body = raw[end.end() :] if end else b""
    return hashlib.sha256(lasting + b"\n\n" + body.replace(b"\r\n", b"\n").rstrip()).hexdigest()
