"""What a conversation does to its request. Pure, and blind to the order in which its entries are heard of.

Each function that takes an entry returns None when the entry was taken in before. A status is settled by the time
of what happened, not of its arrival: what happened later wins.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from guichet_requests.request.conversation import Conversation
from guichet_requests.request.request import (
    Change,
    Contact,
    Link,
    Request,
    Status,
    Visitor,
    preview_of,
    with_status,
)
from guichet_requests.timeline.item import Attachment, Author, Event, Item, Party


@dataclass(frozen=True, slots=True)
class Closing:
    """How a conversation ended."""

    conversation_id: str
    seq: int
    at: datetime
    by: Author
    request_status: Status


@dataclass(frozen=True, slots=True)
class Opening:
    """A conversation as it was opened. ``follows`` is how the visitor's conversation before it ended."""

    conversation_id: str
    visitor: Visitor
    opened_at: datetime
    follows: Closing | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation's log."""

    conversation_id: str
    seq: int
    at: datetime
    author: Author
    text: str
    attachments: tuple[Attachment, ...]


Entry = Message | Closing


@dataclass(frozen=True, slots=True)
class Known:
    """Whom the visitor was linked to before, or is by what their site vouches for. ``contact`` is shown for it."""

    link: Link
    contact: Contact | None


def begin(request_id: str, number: int, opening: Opening) -> Request:
    """A new request for a visitor's conversation, which is yet to be joined to it."""
    return Request(
        id=request_id,
        number=number,
        channel="chat",
        visitor=opening.visitor,
        status_at=opening.opened_at,
        created_at=opening.opened_at,
        last_activity_at=opening.opened_at,
    )


def find(request: Request, conversation_id: str) -> Conversation | None:
    """The request's conversation of that id."""
    return next((c for c in request.conversations if c.id == conversation_id), None)


def join(request: Request, opening: Opening, known: Known | None) -> Change:
    """Add a conversation to the request. A visitor who comes back wakes a request that waited for them.

    One who is ``known`` is linked, unless an agent has decided about this request.
    """
    conversation = Conversation(opening.conversation_id, opening.opened_at)
    in_order = sorted((*request.conversations, conversation), key=lambda c: (c.opened_at, c.id))
    after = replace(
        _woken(request, opening.opened_at),
        conversations=tuple(in_order),
        created_at=min(request.created_at, opening.opened_at),
        last_activity_at=max(request.last_activity_at, opening.opened_at),
    )
    visitor = Author("visitor", opening.visitor.id, opening.visitor.name)
    item = Item(
        id=f"{conversation.id}:0",
        request_id=request.id,
        at=opening.opened_at,
        kind="event",
        channel="chat",
        direction="internal",
        author=visitor,
        text=f"{visitor.name or 'The visitor'} opened a conversation",
        conversation_id=conversation.id,
        event=Event("conversation_opened"),
    )
    if known is None or request.link is not None:
        return Change(after, (item,))
    after = replace(after, link=known.link, contact=known.contact)
    return Change(after, (item, _linked_by_itself(item, known.contact)) if known.contact else (item,))


def _linked_by_itself(opened: Item, contact: Contact) -> Item:
    return replace(
        opened,
        id=f"{opened.conversation_id}:contact",
        author=Author("system", "requests", None),
        text=f"The visitor is known as {contact.name}",
        conversation_id=None,
        event=Event("contact_linked", after=Party(contact.id, contact.name)),
    )


def take_in(request: Request, opening: Opening, entry: Entry, known: Known | None = None) -> Change | None:
    """Take in one entry of a conversation, which joins the request if it is not on it yet."""
    joined = Change(request) if find(request, opening.conversation_id) else join(request, opening, known)
    if isinstance(entry, Closing):
        change = close(joined.request, entry)
    else:
        change = hear(joined.request, entry, opening.visitor)
    return change and Change(change.request, joined.items + change.items)


def hear(request: Request, message: Message, visitor: Visitor) -> Change | None:
    """Take in a message of a conversation that is on the request; ``visitor`` as they were then.

    The visitor's message wakes a request that waits for them, and an agent's first one takes up a new request.
    """
    conversation = _on(request, message.conversation_id)
    if conversation.has_heard(message.seq):
        return None
    after, key = request, (message.at, message.conversation_id, message.seq)
    if message.author.kind == "visitor":
        if conversation.open:
            after = _woken(after, message.at)
        conversation = conversation.hear_visitor(message.seq)
        after = replace(after, turn=after.turn.ask(key))
    else:
        if after.status == "new":
            after = with_status(after, "in_progress", message.at)
        # Who answers has read what they answer to.
        conversation = conversation.hear(message.seq).read(message.seq)
        unseen = tuple(one for one in after.unseen if one[0] > message.at)
        after = replace(after, unseen=unseen, turn=after.turn.answer(key))
    if request.previewed is None or key > request.previewed:
        shown = message.text.strip() or ", ".join(file.name for file in message.attachments)
        by = Party(message.author.id, message.author.name or "") if message.author.kind == "agent" else None
        after = replace(after, preview=preview_of(shown), previewed=key, preview_by=by)
    if request.seen_as is None or key > request.seen_as:
        after = replace(after, visitor=visitor, seen_as=key)
    item = Item(
        id=f"{message.conversation_id}:{message.seq}",
        request_id=request.id,
        at=message.at,
        kind="message",
        channel="chat",
        direction="inbound" if message.author.kind == "visitor" else "outbound",
        author=message.author,
        text=message.text,
        rank=message.seq,
        attachments=message.attachments,
        conversation_id=message.conversation_id,
        seq=message.seq,
    )
    return Change(_with(after, conversation, message.at), (item,))


def close(request: Request, closing: Closing) -> Change | None:
    """Take in the closing of a conversation that is on the request, and the status chosen with it.

    The status is not taken over when something later has settled it since. The event on the timeline tells the
    closing and the chosen status in one.
    """
    conversation = _on(request, closing.conversation_id)
    if not conversation.open:
        return None
    after = request
    if closing.at >= request.status_at and conversation == request.conversation:
        after = with_status(request, closing.request_status, closing.at)
    after = replace(after, turn=after.turn.answer((closing.at, closing.conversation_id, closing.seq)))
    item = Item(
        id=f"{closing.conversation_id}:{closing.seq}",
        request_id=request.id,
        at=closing.at,
        kind="event",
        channel="chat",
        direction="internal",
        author=closing.by,
        text=f"{closing.by.name or 'The system'} closed the conversation; the request is {closing.request_status}",
        rank=closing.seq,
        conversation_id=closing.conversation_id,
        seq=closing.seq,
        event=Event("conversation_closed", after=closing.request_status),
    )
    return Change(_with(after, conversation.close(closing.seq), closing.at), (item,))


def read(request: Request, conversation_id: str, seq: int) -> Change | None:
    """Move the agents' read mark; None when it is there or further already."""
    conversation = _on(request, conversation_id)
    if seq <= conversation.read_seq:
        return None
    return Change(_with(request, conversation.read(seq), request.last_activity_at))


def _on(request: Request, conversation_id: str) -> Conversation:
    conversation = find(request, conversation_id)
    if conversation is None:
        raise LookupError(f"conversation {conversation_id} is not on request {request.id}")
    return conversation


def _with(request: Request, conversation: Conversation, active_at: datetime) -> Request:
    conversations = tuple(conversation if c.id == conversation.id else c for c in request.conversations)
    last_activity_at = max(request.last_activity_at, active_at)
    return replace(request, conversations=conversations, last_activity_at=last_activity_at)


def _woken(request: Request, at: datetime) -> Request:
    waiting = request.status in ("pending", "closed") and at >= request.status_at
    return with_status(request, "in_progress", at) if waiting else request
