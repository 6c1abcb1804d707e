"""What an e-mail is on a timeline, beside its text and files. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["message", "bounce", "auto_reply", "bulk", "loop"]
Purpose = Literal["reply", "confirmation", "transcript", "proof"]
PlacedBy = Literal["reply_address", "in_reply_to", "references", "bounce", "follows", "new_request", "moved"]
DeliveryState = Literal["queued", "sending", "sent", "failed", "bounced", "uncertain"]


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
    """A calendar invitation (RFC 5545); times as they stand there."""

    method: str
    summary: str
    start: str
    end: str
    location: str
    organizer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An e-mail, received or sent. Message ids are without angle brackets.

    Received ones have ``sender`` and ``placed``, and say with ``other_sender`` that nobody of the request wrote them;
    sent ones have a ``purpose``. Of both, signature and quoted history are folded below the item's text.
    ``ours`` are the addresses in ``to`` and ``cc`` that are the desk's own.
    """

    subject: str
    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    ours: tuple[str, ...] = ()
    mailbox: str | None = None
    message_id: str | None = None
    references: tuple[str, ...] = ()
    kind: Kind = "message"
    why: str = ""
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

    @property
    def automatic(self) -> bool:
        """Whether no person wrote this very mail."""
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
