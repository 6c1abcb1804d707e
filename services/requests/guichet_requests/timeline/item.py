"""What can stand on a timeline."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from guichet_requests.email.email import Delivery, Email

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
    "email_moved",
    "email_judged",
    "email_repeated",
    "transcript_without_address",
]
FileState = Literal["ready", "checking", "refused"]


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote or did it, named as they were then."""

    kind: AuthorKind
    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file; its bytes are with ``attachments``. ``size`` in bytes.

    Those of received e-mails have a ``state``, for ``detail``; ``inline`` ones are shown by the HTML as ``cid:`` and
    their ``content_id``. ``title`` is the subject of an enclosed mail.
    """

    id: str
    name: str
    media_type: str
    size: int
    state: FileState | None = None
    detail: str | None = None
    content_id: str | None = None
    inline: bool | None = None
    title: str | None = None


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
    ``seq``, and 0 for what is not in a log. Of two ``revision`` of an item the greater counts.
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
    html: str | None = None
    email: Email | None = None
    delivery: Delivery | None = None
    revision: int = 0

    @property
    def place(self) -> tuple[datetime, int, str]:
        """Where it stands on the timeline."""
        return (self.at, self.rank, self.id)

    @property
    def said(self) -> bool:
        """Whether a person says something to another with it, customer or agent."""
        return self.kind == "message" or (self.email is not None and not self.email.automatic)
