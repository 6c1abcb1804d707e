"""What e-mails and forms do to their request. Pure: each function takes a request and returns the change.

None of them knows whether the item was taken in before; that is for the caller to look up on the timeline.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from guichet_kit.blank import is_blank

from guichet_requests.email.email import WrittenBy
from guichet_requests.request.request import Change, ItemKey, Request, preview_of, with_status
from guichet_requests.timeline.item import Author, Channel, Event, Item, Party

_NAMED = 200
"""Characters of a subject that a line names."""


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
    is only shown, and is what the request is known by as long as nobody said anything on it.
    """
    if not item.said:
        return Change(_automatic(request, item), (item,))
    after = request
    if request.status in ("pending", "closed"):
        after = with_status(request, "in_progress", max(item.at, request.status_at))
        after = replace(after, aside=request.aside or aside)
    unseen = tuple(sorted((*request.unseen, (item.at, item.id))))
    after = replace(after, unseen=unseen, turn=after.turn.ask((item.at, item.id, 0)))
    return Change(_shown(after, item), (item,))


def send(request: Request, item: Item) -> Change:
    """Add an e-mail to the customer. An agent's takes up a new request, and has read all before it."""
    if item.email is not None and item.email.purpose == "forward":
        # It goes to somebody else: the customer was not answered, and nothing of theirs was read by it.
        return Change(replace(request, last_activity_at=max(item.at, request.last_activity_at)), (item,))
    if not item.said:
        return Change(request, (item,))
    after = with_status(request, "in_progress", item.at) if request.status == "new" else request
    conversations = tuple(conversation.read(conversation.last_seq) for conversation in request.conversations)
    turn = after.turn.answer((item.at, item.id, 0))
    return Change(_shown(replace(after, unseen=(), conversations=conversations, turn=turn), item), (item,))


def see(request: Request, item: ItemKey) -> Change | None:
    """Agents have seen e-mails and forms up to this item; None when there is no new one among them."""
    unseen = tuple(key for key in request.unseen if key > item)
    return None if unseen == request.unseen else Change(replace(request, unseen=unseen))


def lose(request: Request, item: Item, moved: Item, left: Sequence[Item]) -> Change:
    """The e-mail goes to another request, as ``moved`` tells; ``left`` is what stays there, the newest first."""
    return Change(_without(request, item, left), (moved,))


def judge(request: Request, item: Item, line: Item, left: Sequence[Item], *, aside: bool = False) -> Change:
    """An agent says who wrote the e-mail, a person or not, as ``line`` tells; ``left`` is what is there besides it.

    A person's counts as one that comes in now; a machine's counts no more.
    """
    if item.said:
        return Change(take_in(request, item, aside=aside).request, (item, line))
    return Change(_without(request, item, (item, *left)), (item, line))


def judged(email: Item, item_id: str, written_by: WrittenBy, *, by: Author, at: datetime) -> Item:
    """The line that tells who wrote an e-mail, as an agent says."""
    text = f"{by.name} said that {'a person' if written_by == 'person' else 'a machine'} wrote an e-mail"
    event = Event("email_judged", after=written_by)
    return Item(item_id, email.request_id, at, "event", email.channel, "internal", by, text, event=event)


def moved_away(request: Request, item_id: str, to: Party, *, by: Author, at: datetime) -> Item:
    """The line that tells where an e-mail went."""
    text = f"{by.name} moved an e-mail to request {to.name}"
    event = Event("email_moved", after=to)
    return Item(item_id, request.id, at, "event", request.channel, "internal", by, text, event=event)


def repeated(email: Item, repeat_id: str, at: datetime) -> Item:
    """The line that tells that an e-mail came once more."""
    event = Event("email_repeated", after=email.email.subject[:_NAMED] if email.email else None)
    by = Author("system", "", None)
    text = "An e-mail that was received before came once more"
    line_id = f"{email.id}:repeated:{repeat_id}"
    return Item(line_id, email.request_id, at, "event", email.channel, "internal", by, text, event=event)


def _shown(request: Request, item: Item) -> Request:
    after = replace(request, last_activity_at=max(item.at, request.last_activity_at))
    earlier = request.previewed is not None and request.previewed > (item.at, item.id, 0)
    return after if earlier else _previewing(after, item)


def _without(request: Request, item: Item, left: Sequence[Item]) -> Request:
    """The request as if the e-mail had not come as a person's, but for its status."""
    unseen = tuple(key for key in request.unseen if key[1] != item.id)
    after = replace(request, unseen=unseen, turn=request.turn.withdraw(item.id))
    if after.previewed is not None and after.previewed[1] != item.id:
        return after
    said = next((one for one in left if one.said), None)
    if after.previewed is not None or after.automatic:
        after = replace(after, preview=None, previewed=None, preview_by=None, automatic_from=None)
    if said is not None:
        return _previewing(after, said)
    automatic = [one for one in left if one.direction == "inbound" and one.kind == "email"]
    return _automatic(after, max(automatic, key=lambda one: one.place)) if automatic else after


def _automatic(request: Request, item: Item) -> Request:
    """What a machine sent is the preview of an e-mail's request, the newest one, while there is nothing else."""
    key = (item.at, item.id)
    later = request.automatic_from is not None and request.automatic_from > key
    if request.previewed is not None or request.channel != "email" or item.direction != "inbound" or later:
        return request
    return replace(_previewing(request, item), previewed=None, automatic_from=key)


def _previewing(request: Request, item: Item) -> Request:
    key = (item.at, item.conversation_id or item.id, item.seq or 0)
    about = item.email.subject if item.email else ", ".join(file.name for file in item.attachments)
    by = Party(item.author.id, item.author.name or "") if item.author.kind == "agent" else None
    text = preview_of(about if is_blank(item.text) else item.text)
    return replace(request, preview=text, previewed=key, preview_by=by)
