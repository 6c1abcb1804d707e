"""What a mail says, once it is parsed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["message", "bounce", "auto_reply", "bulk", "loop"]
"""``bulk`` is of a mailing list or another mass mailing; ``loop`` has gone in circles, or is our own come back."""

Fate = Literal["failed", "delayed", "delivered"]


class Unreadable(Exception):
    """The mail is beyond use. ``reason`` is a stable word: ``empty``, ``too_deep``, ``too_many_parts``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox. ``email`` has its domain in lower case; ``name`` is empty where none was given."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file in a mail. ``content_id`` is without its angle brackets; ``inline`` ones are shown by the HTML.

    ``title`` is the subject of an enclosed mail.
    """

    name: str
    media_type: str
    content: bytes
    content_id: str | None = None
    inline: bool = False
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """What a bounce says of one address. ``status`` as in RFC 3463, empty where none was given."""

    email: str
    fate: Fate
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report on mail that was sent (RFC 3464, or one of the odd ones). ``message_ids``: of the mail it is about.

    ``fate``: what became of the mail where no recipient is named; None where the report does not say.
    """

    recipients: tuple[Recipient, ...]
    message_ids: tuple[str, ...]
    fate: Fate | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A calendar invitation (RFC 5545); times as they stand there, and as moments where they are known.

    ``zone``: its name as the invitation has it. ``all_day``: it is about days.
    """

    method: str
    summary: str
    start: str
    end: str
    location: str
    organizer: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    zone: str = ""
    all_day: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """One result in a header `Authentication-Results` (RFC 8601): what ``server`` found by ``method``.

    ``domain`` is whose mail it is by that, where the result says so.
    """

    server: str
    method: str
    result: str
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Authentication:
    """What a trusted server found out about the sender: ``verdict`` says whether the sender is genuine."""

    server: str
    spf: str | None
    dkim: str | None
    dmarc: str | None
    verdict: Literal["pass", "fail", "none"]


@dataclass(frozen=True, slots=True)
class Mail:
    """A parsed mail.

    ``text`` and ``html`` are what is new; ``text_quoted``, ``text_signature`` and ``html_quoted`` what is folded away
    below them. Put together they are the whole. ``html`` is clean and None where the mail has none; remote images have
    ``remote:`` before their address. ``notes`` says what was mended or left out. ``fingerprint``
    tells mails with one Message-ID apart, and is that by which a mail without one is known when it comes by another
    way; None where there is nothing of the kind.

    ``reason`` says why ``kind`` is not ``message``, as one of `signs.Reason`. ``lists``: addresses of the mailing lists
    that it names. ``suspected``: it is a report if what this names was sent by us. ``answer_by_machine``: False where
    it must not be answered by one, though a person may have written it. ``checks``: what servers found out about the
    sender, whoever these servers are.
    """

    message_id: str | None
    fingerprint: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: Address | None
    raw_from: str | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    addressed: tuple[str, ...]
    subject: str
    date: datetime | None
    text: str
    text_signature: str
    text_quoted: str
    html: str | None
    html_quoted: str
    files: tuple[File, ...]
    kind: Kind
    why: str
    reason: str | None
    lists: tuple[str, ...]
    bounce: Bounce | None
    suspected: Bounce | None
    feedback_type: str | None
    answer_by_machine: bool
    forwarded_from: Address | None
    invitation: Invitation | None
    signed: Literal["smime", "pgp"] | None
    encrypted: bool
    notes: tuple[str, ...]
    checks: tuple[Checked, ...] = ()
