"""A delivery: one e-mail on its way out, and its states. Pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from guichet_contracts.requests import SubmittedEmail


class State(StrEnum):
    """Where an e-mail is. ``uncertain``: a server may have taken it, but we did not live to hear so."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    UNCERTAIN = "uncertain"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.QUEUED, State.SENT, State.FAILED}),
    State.SENDING: frozenset({State.SENT, State.QUEUED, State.FAILED, State.UNCERTAIN}),
    State.SENT: frozenset({State.BOUNCED}),
    State.UNCERTAIN: frozenset({State.SENT, State.QUEUED, State.BOUNCED}),
    State.FAILED: frozenset({State.QUEUED, State.BOUNCED}),
    State.BOUNCED: frozenset({State.QUEUED, State.BOUNCED}),
}


class IllegalMove(Exception):
    """The state does not lead there."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An address that a server refused for good, and its words."""

    email: str
    detail: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One e-mail, its fate and what is left to do. ``version`` rises with every change.

    ``left`` are the addresses that no server has taken yet. ``due_at`` is when the next attempt begins (``queued``) or
    when the present one counts as lost (``sending``). ``turn``: the mailbox's limit lets it leave then. Of an
    ``erased`` one nothing is left but its fate. ``bounced``: what reports said of addresses that a server had taken.
    """

    id: str
    state: State
    email: SubmittedEmail
    left: tuple[str, ...]
    at: datetime
    due_at: datetime | None
    refused: tuple[Refused, ...] = ()
    attempts: int = 0
    version: int = 1
    detail: str | None = None
    erased: bool = False
    turn: bool = False
    bounced: tuple[Refused, ...] = ()

    @classmethod
    def of(cls, email: SubmittedEmail, at: datetime) -> "Delivery":
        """A new one, to be sent now."""
        return cls(email.item_id, State.QUEUED, email, _addresses(email), at, at)

    @classmethod
    def never(cls, item_id: str, at: datetime) -> "Delivery":
        """One that was erased before it came here, and is not to be sent."""
        return cls(item_id, State.FAILED, _bare(item_id, at), (), at, None, erased=True)

    @property
    def reached(self) -> bool:
        """Whether a server has taken it for at least one address."""
        return bool(set(self.addresses) - set(self.left) - {one.email for one in self.refused})

    @property
    def addresses(self) -> tuple[str, ...]:
        """All that it is for."""
        return _addresses(self.email)

    def returned(self, at: datetime) -> "Delivery":
        """The delivery with what reports say of it: of addresses that a server had taken while others are still tried.

        It stays `SENDING` while a server has it; the next step tells.
        """
        said = "; ".join(f"{one.email}: {one.detail}".rstrip(": ") for one in (*self.refused, *self.bounced))[:500]
        if self.state is State.QUEUED:
            return self.moved(State.QUEUED, at, detail=said, due_at=self.due_at)
        return self.moved(State.BOUNCED, at, detail=said)

    def moved(
        self, to: State, at: datetime, *, detail: str | None = None, due_at: datetime | None = None
    ) -> "Delivery":
        """The delivery in another state; `IllegalMove` where the table does not lead there."""
        if to not in TRANSITIONS[self.state]:
            raise IllegalMove(f"{self.state} does not lead to {to}")
        told = None if self.erased else detail  # servers' words name people
        return replace(self, state=to, at=at, detail=told, due_at=due_at, version=self.version + 1, turn=False)

    def tried(self, at: datetime, until: datetime) -> "Delivery":
        """The delivery as a server is about to be given it; one attempt more."""
        return replace(self.moved(State.SENDING, at, due_at=until), attempts=self.attempts + 1)

    def again(self, at: datetime) -> "Delivery":
        """The delivery from the beginning, because a person said so: to whoever has not certainly got it."""
        if self.erased:
            raise IllegalMove("nothing of it is left to send")
        returned = {one.email.lower() for one in self.bounced}
        left = tuple(one for one in self.addresses if one in self.left or one.lower() in returned) or self.addresses
        return replace(self.moved(State.QUEUED, at, due_at=at), left=left, refused=(), attempts=0, bounced=())

    def forgotten(self, at: datetime) -> "Delivery":
        """The delivery without what it said, and to whom. What waits is not sent; what is being sent is in doubt."""
        state = {State.QUEUED: State.FAILED, State.SENDING: State.UNCERTAIN}.get(self.state, self.state)
        told = self.email
        email = _bare(told.item_id, told.submitted_at).model_copy(
            update={
                "request_id": told.request_id,
                "request_number": told.request_number,
                "message_id": told.message_id,
            }
        )
        forgotten = replace(self, state=state, email=email, left=(), refused=(), bounced=(), detail=None, erased=True)
        return replace(forgotten, at=at, due_at=None, version=self.version + 1)


def _bare(item_id: str, at: datetime) -> SubmittedEmail:
    return SubmittedEmail(
        request_id="", request_number=0, item_id=item_id, to=(), subject="", text="", message_id="", submitted_at=at
    )


def _addresses(email: SubmittedEmail) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.email for one in (*email.to, *email.cc, *email.bcc)))
