"""What e-mails and forms do to their request. Pure: each function takes a request and returns the change.

None of them knows whether the item was taken in before; that is for the caller to look up on the timeline.
"""

from dataclasses import replace
from datetime import datetime

from guichet_requests.request.request import Change, ItemKey, Request, preview_of, with_status
from guichet_requests.timeline.item import Author, Channel, Event, Item, Party


def begin(
    request_id: str, number: int, *, channel: Channel, subject: str | None, awaits: str | None, at: datetime
) -> Request:
    """A new request for an e-mail or a form, which is yet to be taken in; it waits for the contact of an address."""
    return Request(
        id=request_id,
        number=number,
        channel=channel,
        subject=subject,
        awaits=awaits,
        status_at=at,
        created_at=at,
        last_activity_at=at,
    )


def take_in(request: Request, item: Item, *, aside: bool = False) -> Change:
    """Add what the customer sent, whenever that was: nobody can have seen it before.

    So it wakes a request that was put away since; ``aside`` where the visitor goes on in another. What a machine sent
    is only shown.
    """
    if not item.said:
        return Change(request, (item,))
    after = request
    if request.status in ("pending", "closed"):
        after = with_status(request, "in_progress", max(item.at, request.status_at))
        after = replace(after, aside=request.aside or aside)
    after = replace(after, unseen=tuple(sorted((*request.unseen, (item.at, item.id)))))
    return Change(_shown(after, item), (item,))


def send(request: Request, item: Item) -> Change:
    """Add an e-mail to the customer. An agent's takes up a new request, and has read all before it."""
    if not item.said:
        return Change(request, (item,))
    after = with_status(request, "in_progress", item.at) if request.status == "new" else request
    conversations = tuple(conversation.read(conversation.last_seq) for conversation in request.conversations)
    return Change(_shown(replace(after, unseen=(), conversations=conversations), item), (item,))


def see(request: Request, item: ItemKey) -> Change | None:
    """Agents have seen e-mails and forms up to this item; None when there is no new one among them."""
    unseen = tuple(key for key in request.unseen if key > item)
    return None if unseen == request.unseen else Change(replace(request, unseen=unseen))


def lose(request: Request, item: Item, moved: Item, said_last: Item | None) -> Change:
    """The e-mail goes to another request; ``moved`` tells so in its place, ``said_last`` is what was said last now."""
    after = replace(request, unseen=tuple(key for key in request.unseen if key[1] != item.id))
    if request.previewed is not None and request.previewed[1] == item.id:
        after = replace(after, preview=None, previewed=None)
        after = _previewing(after, said_last) if said_last else after
    return Change(after, (moved,))


def moved_away(request: Request, item_id: str, to: Party, *, by: Author, at: datetime) -> Item:
    """The line that tells where an e-mail went."""
    text = f"{by.name} moved an e-mail to request {to.name}"
    event = Event("email_moved", after=to)
    return Item(item_id, request.id, at, "event", request.channel, "internal", by, text, event=event)


def _shown(request: Request, item: Item) -> Request:
    after = replace(request, last_activity_at=max(item.at, request.last_activity_at))
    earlier = request.previewed is not None and request.previewed > (item.at, item.id, 0)
    return after if earlier else _previewing(after, item)


def _previewing(request: Request, item: Item) -> Request:
    key = (item.at, item.conversation_id or item.id, item.seq or 0)
    about = item.email.subject if item.email else ", ".join(file.name for file in item.attachments)
    return replace(request, preview=preview_of(item.text.strip() or about), previewed=key)
