"""The request and what agents do to it. Pure: each function takes a request and returns the changed one.

What a conversation does to it is in ``chat.py``, what e-mails and forms do in ``mail.py``;
how it gets its contact in ``linking.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Literal

from guichet_requests.errors import Refused
from guichet_requests.request.conversation import Conversation
from guichet_requests.request.turn import Turn
from guichet_requests.timeline.item import Author, Channel, Event, Item, Party

Status = Literal["new", "in_progress", "pending", "closed"]
Priority = Literal["low", "medium", "high"]

MOVES: Mapping[Status, frozenset[Status]] = {
    "new": frozenset({"in_progress", "pending", "closed"}),
    "in_progress": frozenset({"pending", "closed"}),
    "pending": frozenset({"in_progress", "closed"}),
    "closed": frozenset({"in_progress", "pending"}),
}
"""The statuses that an agent can give to a request in each status. ``new`` is nobody's to give back."""

PREVIEW_LENGTH = 140


class IllegalMove(Refused):
    """The status cannot be changed to that one."""

    def __init__(self, before: Status, after: Status) -> None:
        super().__init__(f"A request that is {before} cannot become {after}.")


class AlreadyAssigned(Refused):
    """Another agent holds the request."""

    def __init__(self, assignee: "Assignee") -> None:
        super().__init__(f"{assignee.name} holds this request.")
        self.assignee = assignee


class _Unchanged(Enum):
    UNCHANGED = 0


UNCHANGED = _Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person behind a widget, as far as they said who they are; ``verified``: their site vouches for it."""

    id: str
    name: str | None = None
    email: str | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """What is shown of a person in the customer base."""

    id: str
    name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Which contact the request was linked to, and when that was decided; None is the decision that it has none.

    What is shown may be another contact: the one that this one was merged into.
    """

    contact_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Assignee:
    """The agent who treats the request."""

    id: str
    name: str
    initials: str


EntryKey = tuple[datetime, str, int]
"""``(at, conversation, seq)``: puts the entries of all conversations of a request in one order. Of what is in no
conversation ``(at, item, 0)``."""

ItemKey = tuple[datetime, str]
"""``(at, item)``: an item of the timeline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The unit of work that an agent treats; ``version`` counts its changes.

    ``status_at`` is when what the status says happened; a fact that is older does not override it.
    ``previewed`` is what ``preview`` comes from, and ``preview_by`` the agent who said it, if it was one; while that is
    nothing, ``automatic_from`` is the automatic e-mail that it comes from. ``seen_as`` is the message that ``visitor``
    comes from.
    ``conversations`` are in the order in which they were opened; the last one is the current one.
    ``unseen`` are e-mails and forms that no agent has seen. ``awaits`` is the address, as `email_key` makes it, whose
    contact the request is to be linked to as soon as there is one. ``aside``: an e-mail opened it again while its
    visitor was going on in another request, which is still the one that takes what they write next.
    """

    id: str
    number: int
    channel: Channel
    status: Status = "new"
    status_at: datetime
    priority: Priority = "low"
    reason_id: str | None = None
    subject: str | None = None
    preview: str | None = None
    previewed: EntryKey | None = None
    preview_by: Party | None = None
    automatic_from: ItemKey | None = None
    visitor: Visitor | None = None
    seen_as: EntryKey | None = None
    contact: Contact | None = None
    link: Link | None = None
    assignee: Assignee | None = None
    conversations: tuple[Conversation, ...] = field(default=())
    unseen: tuple[ItemKey, ...] = ()
    turn: Turn = field(default_factory=Turn)
    awaits: str | None = None
    aside: bool = False
    created_by: str | None = None
    created_at: datetime
    closed_at: datetime | None = None
    last_activity_at: datetime
    version: int = 1

    @property
    def conversation(self) -> Conversation | None:
        """The current conversation."""
        return self.conversations[-1] if self.conversations else None

    @property
    def current(self) -> bool:
        """Whether what its visitor writes next belongs to it."""
        has_open = self.conversation is not None and self.conversation.open
        return not self.aside and (self.status != "closed" or has_open)

    @property
    def automatic(self) -> bool:
        """Whether nothing came but what machines sent, by its e-mails alone: ``preview`` is of one of those."""
        return self.previewed is None and self.automatic_from is not None

    @property
    def waiting_since(self) -> datetime | None:
        """Since when the customer waits for an answer, while somebody is to give one."""
        return self.turn.since if self.status in ("new", "in_progress") else None

    @property
    def unread(self) -> int:
        """Messages, e-mails and forms of the customer that no agent has seen."""
        return sum(conversation.unread_count for conversation in self.conversations) + len(self.unseen)


@dataclass(frozen=True, slots=True)
class Change:
    """A request after a change, and what the change adds to its timeline."""

    request: Request
    items: tuple[Item, ...] = ()


def with_status(request: Request, status: Status, at: datetime) -> Request:
    """The request with the status that it has since ``at``."""
    closed = status == "closed"
    aside = request.aside and not closed
    return replace(request, status=status, status_at=at, closed_at=at if closed else None, aside=aside)


def open_by_hand(
    request_id: str,
    number: int,
    *,
    by: Author,
    subject: str,
    text: str | None,
    priority: Priority,
    reason_id: str | None = None,
    contact: Contact | None = None,
    assignee: Assignee | None = None,
    at: datetime,
) -> Change:
    """A request that an agent makes; ``text`` becomes its first note."""
    request = Request(
        id=request_id,
        number=number,
        channel="manual",
        status_at=at,
        priority=priority,
        reason_id=reason_id,
        subject=subject,
        contact=contact,
        link=Link(contact.id, at) if contact else None,
        assignee=assignee,
        preview=preview_of(text) if text else None,
        created_by=by.id,
        created_at=at,
        last_activity_at=at,
    )
    items = [event_item(request, Event("request_created"), by, at, f"{by.name} created the request")]
    if text:
        items.append(_note(request, f"{request_id}:text", text, by, at))
    return Change(request, tuple(items))


def edit(
    request: Request,
    *,
    by: Author,
    at: datetime,
    status: Status | _Unchanged = UNCHANGED,
    priority: Priority | _Unchanged = UNCHANGED,
    reason_id: str | _Unchanged | None = UNCHANGED,
    reason_names: Mapping[str, str] = MappingProxyType({}),
    subject: str | _Unchanged | None = UNCHANGED,
) -> Change | None:
    """Set what is given; None when it is all so already. Raises `IllegalMove`.

    ``reason_names`` is how the timeline names reasons, by their ids.
    """
    after, items = request, []
    if status is not UNCHANGED and status != request.status:
        if status not in MOVES[request.status]:
            raise IllegalMove(request.status, status)
        # Clocks differ a little between services; an agent's choice is never older than what they saw.
        after = with_status(after, status, max(at, request.status_at))
        if status != "in_progress":
            after = replace(after, turn=after.turn.answer((at, "", 0)))
        text = f"{by.name} changed the status from {request.status} to {status}"
        items.append(event_item(request, Event("status_changed", request.status, status), by, at, text))
    if priority is not UNCHANGED and priority != request.priority:
        after = replace(after, priority=priority)
        text = f"{by.name} changed the priority from {request.priority} to {priority}"
        items.append(event_item(request, Event("priority_changed", request.priority, priority), by, at, text))
    if reason_id is not UNCHANGED and reason_id != request.reason_id:
        after = replace(after, reason_id=reason_id)
        named = {one: Party(one, reason_names.get(one, one)) for one in (request.reason_id, reason_id) if one}
        event = Event("reason_changed", named.get(request.reason_id or ""), named.get(reason_id or ""))
        to = f"changed the reason to “{named[reason_id].name}”" if reason_id else "removed the reason"
        items.append(event_item(request, event, by, at, f"{by.name} {to}"))
    if subject is not UNCHANGED and subject != request.subject:
        after = replace(after, subject=subject)
        text = f"{by.name} changed the subject to “{subject}”" if subject else f"{by.name} removed the subject"
        items.append(event_item(request, Event("subject_changed", request.subject, subject), by, at, text))
    return Change(after, tuple(items)) if items else None


def assign(request: Request, agent: Assignee, *, by: Author, at: datetime, take_over: bool) -> Change | None:
    """Give the request to ``agent``; None when they hold it already.

    Raises:
        AlreadyAssigned: another agent holds it, and this is not a take-over.
    """
    held_by = request.assignee
    if held_by is not None and held_by.id == agent.id:
        return None
    if held_by is not None and not take_over:
        raise AlreadyAssigned(held_by)
    before = Party(held_by.id, held_by.name) if held_by else None
    event = Event("assigned", before, Party(agent.id, agent.name))
    text = f"{by.name} took the request" if by.id == agent.id else f"{by.name} assigned the request to {agent.name}"
    return Change(replace(request, assignee=agent), (event_item(request, event, by, at, text),))


def release(request: Request, *, by: Author, at: datetime) -> Change | None:
    """Take the request from whoever holds it; None when nobody does."""
    if request.assignee is None:
        return None
    event = Event("released", Party(request.assignee.id, request.assignee.name))
    text = f"{by.name} released the request" if by.name else f"{request.assignee.name} has no access any more"
    return Change(replace(request, assignee=None), (event_item(request, event, by, at, text),))


def note(request: Request, note_id: str, text: str, *, by: Author, at: datetime) -> Change:
    """Add an internal note. It counts as activity; the preview stays what the customer and the agents said."""
    after = replace(request, last_activity_at=max(at, request.last_activity_at))
    return Change(after, (_note(request, note_id, text, by, at),))


def preview_of(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text[: PREVIEW_LENGTH * 4].split())
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1].rstrip() + "…"


def _note(request: Request, note_id: str, text: str, by: Author, at: datetime) -> Item:
    return Item(note_id, request.id, at, "note", request.channel, "internal", by, text)


def event_item(request: Request, event: Event, by: Author, at: datetime, text: str) -> Item:
    """The line that tells of a change of the request at this version."""
    item_id = f"{request.id}:{request.version}:{event.name}"
    return Item(item_id, request.id, at, "event", request.channel, "internal", by, text, event=event)
