"""A mail that came in: its states. Pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

Source = Literal["http", "smtp", "lmtp", "imap"]


class State(StrEnum):
    """Where a mail is on its way. ``receiving``: its bytes are being stored; only then is it ``received``.

    An ``abandoned`` one never was, and goes.
    """

    RECEIVING = "receiving"
    ABANDONED = "abandoned"
    RECEIVED = "received"
    PROCESSED = "processed"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    ERASED = "erased"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.RECEIVING: frozenset({State.RECEIVED, State.ABANDONED}),
    State.ABANDONED: frozenset(),
    State.RECEIVED: frozenset({State.PROCESSED, State.DUPLICATE, State.QUARANTINED, State.ERASED}),
    State.QUARANTINED: frozenset({State.RECEIVED, State.ERASED}),  # replayed, or never
    State.PROCESSED: frozenset({State.RECEIVED, State.ERASED}),  # told of again, or forgotten
    State.DUPLICATE: frozenset({State.ERASED}),
    State.ERASED: frozenset(),
}


class Quarantine(Exception):
    """The mail cannot be taken in. ``reason`` is a stable word."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class Envelope:
    """How the mail came. ``mailbox`` is the id of the one that it was fetched from, or sent to."""

    source: Source
    recipients: tuple[str, ...] = ()
    null_sender: bool = False
    mailbox: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A mail that came in. ``object`` names its raw bytes, ``size`` of them; None: stayed outside, or erased.

    ``refused``: ids of its files that ``attachments`` did not take; they are in the raw mail alone.
    """

    id: str
    state: State
    envelope: Envelope
    size: int
    object: str | None
    received_at: datetime
    attempts: int = 0
    reason: str | None = None
    detail: str | None = None
    sender: str | None = None
    subject: str | None = None
    duplicate_of: str | None = None
    refused: tuple[str, ...] = ()
    told_again: int = 0
    """How often it went through it all once more because nobody said where it was filed."""
