"""What can stand on a timeline."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Channel = Literal["chat", "email", "web_form", "manual"]
Kind = Literal["message", "email", "note", "event"]
Direction = Literal["inbound", "outbound", "internal"]
AuthorKind = Literal["visitor", "contact", "agent", "system"]
EventName = Literal[
    "request_created",
    "conversation_opened",
    "conversation_closed",
    "assigned",
    "released",
    "status_changed",
    "priority_changed",
    "reason_changed",
    "subject_changed",
    "contact_linked",
    "contact_unlinked",
]


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote or did it, named as they were then."""

    kind: AuthorKind
    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file; its bytes are with ``attachments``. ``size`` in bytes."""

    id: str
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Party:
    """A person that an event names."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Event:
    """What changed: the value or person before and after."""

    name: EventName
    before: str | Party | None = None
    after: str | Party | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened. Items are shown by ``(at, rank, id)``.

    ``rank`` keeps the order of a conversation's log where several entries share a millisecond: it is the entry's
    ``seq``, and 0 for what is not in a log.
    """

    id: str
    request_id: str
    at: datetime
    kind: Kind
    channel: Channel
    direction: Direction
    author: Author
    text: str
    rank: int = 0
    attachments: tuple[Attachment, ...] = ()
    conversation_id: str | None = None
    seq: int | None = None
    event: Event | None = None
