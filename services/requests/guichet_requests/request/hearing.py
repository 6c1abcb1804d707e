"""What is heard of conversations, brought onto the requests where it belongs."""

from guichet_kit.hearings import NotYet, waits
from guichet_kit.ids import new_id

from guichet_requests.contact.store import ContactStore
from guichet_requests.errors import Contended, Unknown
from guichet_requests.request import chat
from guichet_requests.request.behind import behind
from guichet_requests.request.chat import Entry, Known, Opening
from guichet_requests.request.request import Contact, Link, Request
from guichet_requests.request.store import RequestStore, Taken
from guichet_requests.request.usecases import ATTEMPTS, change, next_version, pause, show_contact, shown_for

PATIENCE = 6
"""How often what is heard waits for what it follows: half a minute, once all of it comes in again.

It is not measured by age: while the broker is away, all that is heard afterwards is old, in whatever order.
"""


class PredecessorUnknown(NotYet):
    """The conversation before this one was not heard of yet: the entry is to come again later."""


async def take_in_entry(
    store: RequestStore, contacts: ContactStore, opening: Opening, entry: Entry
) -> Contact | None:  # fmt: skip
    """Take in one entry of a conversation, on the request where the conversation belongs. A repeat changes nothing.

    Returns the contact that this linked the request to.

    Raises:
        PredecessorUnknown: it cannot be said yet which request that is.
        Contended: others changed it meanwhile, again and again.
    """
    for attempt in range(ATTEMPTS):
        await pause(attempt)
        try:
            request = await _request_for(store, opening)
            # Looked up after the request was read: when it changes meanwhile, both are read again.
            joins = request is None or chat.find(request, opening.conversation_id) is None
            known = await _known(store, contacts, opening) if joins else None
            if request is None:
                begun = chat.begin(new_id(), await store.next_number(), opening)
                taken = chat.take_in(begun, opening, entry, known)
                assert taken is not None  # noqa: S101  nothing was heard of in a new request
                await store.insert(taken)
            else:
                taken = chat.take_in(request, opening, entry, known)
                if taken is None:
                    return None
                taken = next_version(request, taken)
                # Where a conversation belongs is written down before any of its entries is on a timeline.
                save = store.replace if joins else store.take_in
                if not await save(request, taken):
                    continue
        except Taken:
            # Another consumer placed the conversation, or opened the visitor's request, just now.
            continue
        behind.taken_in(taken.items)
        if known:
            await show_contact(store, contacts, taken.request.id)
        return known.contact if known else None
    raise Contended(f"conversation {opening.conversation_id}")


async def _request_for(store: RequestStore, opening: Opening) -> Request | None:
    """The request of the conversation; None when it needs a new one.

    It is the request of the conversation before it while that is not closed.
    """
    request = await store.holding(opening.conversation_id)
    if request is not None:
        return request
    if opening.follows is not None:
        closing = opening.follows
        before = await store.holding(closing.conversation_id)
        if before is None and waits.get() < PATIENCE:
            raise PredecessorUnknown(closing.conversation_id)
        if before is not None:
            before = await change(store, before.id, lambda request: chat.close(request, closing))
            if before.current:
                return before
    # One that an agent opened again by hand; or what came before was lost, and this is the best place there is.
    return await store.current_of(opening.visitor.id)


async def mark_read(store: RequestStore, conversation_id: str, seq: int) -> None:
    """Agents have read the conversation up to ``seq``. Raises `Unknown` while its messages were not heard of."""
    request = await store.holding(conversation_id)
    if request is None:
        raise Unknown(f"conversation {conversation_id}")
    await change(store, request.id, lambda request: chat.read(request, conversation_id, seq))


async def _known(store: RequestStore, contacts: ContactStore, opening: Opening) -> Known | None:
    """Whom an agent linked the visitor to; else the contact of the address that their site vouches for."""
    visitor = opening.visitor
    link = await store.last_link_of(visitor.id)
    if link is None and visitor.verified and visitor.email:
        holder = await contacts.holder_of(visitor.email)
        link = Link(holder.id, opening.opened_at) if holder else None
    return Known(link, await shown_for(contacts, link)) if link else None
