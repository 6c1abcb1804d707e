"""The guard at the doors where a person's words or names come in: entry, mail, form, link, move, transcript, note.

A door asks before, and looks again after the write: an erasure that began between the two may have looked for what was
written before it was there. Who was erased is for ``erasure/`` to know; the doors know this module alone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whose words or names come in, as far as a door knows them.

    ``received_at``: when they came in. An address is an erased person's up to the erasure; what comes from it later is
    somebody new's. A contact and a visitor are one person for ever. ``item_ids``: the timeline items that came in.
    ``since``: an agent began to write on ``request_ids`` then; an erasure that was at them at this moment or later may
    have missed it. ``subject`` is what they wrote as the subject.
    """

    contact_ids: frozenset[str] = frozenset()
    visitor_ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    request_ids: frozenset[str] = frozenset()
    item_ids: frozenset[str] = frozenset()
    file_ids: frozenset[str] = frozenset()
    received_at: datetime | None = None
    since: datetime | None = None
    subject: str | None = None


class Guard(Protocol):
    """Knows who was erased."""

    async def forgets(self, person: Person, email_id: str, file_ids: frozenset[str]) -> bool:
        """Whether a mail is to be left, since the person was erased after it came; whoever keeps it is told so."""

    async def erased(self, person: Person) -> bool:
        """Whether the person was erased, or is just being."""

    async def look_again(self, person: Person) -> None:
        """Take out what was written just now, if the person was erased meanwhile. It may be repeated."""
