"""What an e-mail is on a timeline, beside its text and files. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["message", "bounce", "auto_reply", "bulk", "loop"]
Purpose = Literal["reply", "forward", "confirmation", "transcript", "proof"]
WrittenBy = Literal["person", "machine"]
PlacedBy = Literal["reply_address", "in_reply_to", "references", "bounce", "follows", "new_request", "moved"]
DeliveryState = Literal["queued", "sending", "sent", "failed", "bounced", "uncertain"]
OPEN: frozenset[DeliveryState] = frozenset({"queued", "sending"})
"""States in which it is not known yet what becomes of an e-mail."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address; ``name`` is empty where none was given."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class OtherRequest:
    """A request that another one's timeline names."""

    id: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Why a received e-mail is where it is; ``from_request`` is where it would have been, or was before."""

    by: PlacedBy
    forged_reply_address: bool = False
    from_request: OtherRequest | None = None
    moved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncedRecipient:
    """What a report says of one address; ``status`` as in RFC 3463."""

    email: str
    fate: Literal["failed", "delayed", "delivered"]
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A calendar invitation (RFC 5545): ``start`` and ``end`` as they stand there.

    ``starts_at`` and ``ends_at`` are the same as moments, where they can be known. ``zone`` is the zone's name, empty
    where it names none; ``all_day``: it is about days, without a time.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """What the ``server`` that took the mail in found out about its sender (RFC 8601)."""

    server: str
    spf: str | None = None
    dkim: str | None = None
    dmarc: str | None = None
    verdict: Literal["pass", "fail", "none"] = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An e-mail, received or sent. Message ids are without angle brackets.

    Received ones have ``sender`` and ``placed``, and say with ``other_sender`` that nobody of the request wrote them;
    sent ones have a ``purpose``, and ``bcc``. Of both, signature and quoted history are folded below the item's text.
    ``ours`` are the addresses among those named here that are the desk's own. ``raw_from`` is the header From where no
    address was found in it, ``sent_at`` the mail's own date, ``forwarded_from`` who wrote the mail that is forwarded in
    the text, ``complaint`` the type of an abuse report (RFC 5965). ``written_by`` is what an agent, ``judged_by``, said
    of it: that counts, whatever ``kind`` its headers speak for, for the ``reason`` that is a stable word.
    """

    subject: str
    sender: Address | None = None
    raw_from: str | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    ours: tuple[str, ...] = ()
    mailbox: str | None = None
    message_id: str | None = None
    references: tuple[str, ...] = ()
    kind: Kind = "message"
    why: str = ""
    reason: str | None = None
    written_by: WrittenBy | None = None
    judged_by: str | None = None
    sent_at: datetime | None = None
    forwarded_from: Address | None = None
    complaint: str | None = None
    text_signature: str = ""
    text_quoted: str = ""
    html_quoted: str = ""
    placed: Placed | None = None
    other_sender: bool = False
    signed: Literal["smime", "pgp"] | None = None
    encrypted: bool = False
    notes: tuple[str, ...] = ()
    bounce: tuple[BouncedRecipient, ...] | None = None
    invitation: Invitation | None = None
    purpose: Purpose | None = None
    authentication: Authentication | None = None

    @property
    def forged(self) -> bool:
        """Whether somebody else wrote it under the address in From, as far as anybody can tell."""
        return self.authentication is not None and self.authentication.verdict == "fail"

    @property
    def automatic(self) -> bool:
        """Whether no person wrote this very mail."""
        if self.written_by is not None:
            return self.written_by == "machine"
        return self.kind != "message" or self.purpose in ("confirmation", "transcript", "proof")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The fate of an e-mail that was sent, as ``mailer`` tells it; a greater ``version`` is newer."""

    state: DeliveryState
    at: datetime
    detail: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    version: int = 0
