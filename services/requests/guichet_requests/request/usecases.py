"""What can be done with requests.

Every change reads, decides, and saves against the version that it read; when another one came between, it begins again.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_requests.agent.agent import Agent
from guichet_requests.errors import Contended, IdTaken, Refused, Unknown
from guichet_requests.request import chat
from guichet_requests.request import request as noun
from guichet_requests.request.chat import Entry, Opening
from guichet_requests.request.request import Assignee, Change, Priority, Request
from guichet_requests.request.store import RequestStore, Taken
from guichet_requests.timeline.item import Author, Item
from guichet_requests.timeline.store import TimelineStore

ATTEMPTS = 50
_PAUSE_SECONDS = 0.02

PATIENCE = timedelta(seconds=30)
"""How long an entry waits for the first sign of the conversation before its own."""


class StaleVersion(Refused):
    """The caller has seen an older version; ``current`` is the present state."""

    def __init__(self, current: Request) -> None:
        super().__init__(f"The request is at version {current.version} by now.")
        self.current = current


class VisitorHasOpenRequest(Refused):
    """The request cannot be open again beside another one of its visitor."""

    def __init__(self, other: Request) -> None:
        super().__init__(f"The visitor goes on in request {other.number}.")
        self.other = other


class PredecessorUnknown(Exception):
    """The conversation before this one was not heard of yet: the entry is to come again later."""


async def take_in_entry(store: RequestStore, opening: Opening, entry: Entry) -> None:
    """Take in one entry of a conversation, on the request where the conversation belongs. A repeat changes nothing.

    Raises:
        PredecessorUnknown: it cannot be said yet which request that is.
        Contended: as the name says.
    """
    for attempt in range(ATTEMPTS):
        await _pause(attempt)
        try:
            request = await _request_for(store, opening, entry)
            if request is None:
                change = chat.take_in(chat.begin(new_id(), await store.next_number(), opening), opening, entry)
                assert change is not None  # noqa: S101  nothing was heard of in a new request
                await store.insert(change)
                return
            change = chat.take_in(request, opening, entry)
            if change is None or await store.replace(request, _next(request, change)):
                return
        except Taken:
            # Another consumer placed the conversation, or opened the visitor's request, just now.
            continue
    raise Contended(f"conversation {opening.conversation_id}")


async def _request_for(store: RequestStore, opening: Opening, entry: Entry) -> Request | None:
    """The request of the conversation; None when it needs a new one.

    It is the request of the conversation before it while that is not closed.
    """
    request = await store.holding(opening.conversation_id)
    if request is not None:
        return request
    if opening.follows is not None:
        closing = opening.follows
        before = await store.holding(closing.conversation_id)
        if before is None and now() - entry.at < PATIENCE:
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


async def get(store: RequestStore, request_id: str) -> Request:
    """The request. Raises `Unknown`."""
    request = await store.get(request_id)
    if request is None:
        raise Unknown("There is no such request.")
    return request


async def create_by_hand(
    store: RequestStore,
    *,
    by: Author,
    request_id: str | None,
    idempotency_key: str | None,
    subject: str,
    text: str | None,
    priority: Priority,
) -> Request:
    """A manual request. A repeat with the same id or key answers the request as it now is. Raises `IdTaken`."""
    if request_id is None:
        request_id = str(uuid5(UUID(by.id), idempotency_key)) if idempotency_key else new_id()
    for _ in range(ATTEMPTS):
        existing = await store.get(request_id)
        if existing is not None:
            if existing.created_by != by.id:
                raise IdTaken("The id is another request's.")
            return existing
        number = await store.next_number()
        created = noun.open_by_hand(
            request_id, number, by=by, subject=subject, text=text, priority=priority, at=now()
        )  # fmt: skip
        try:
            await store.insert(created)
        except Taken:
            continue
        return created.request
    raise Contended("The request was being made elsewhere.")


async def assign(
    store: RequestStore, request_id: str, agent: Agent, *, by: Author, expected: int | None, take_over: bool
) -> Request:
    """Give the request to ``agent``. Who names the version they saw may take it from another agent.

    Raises `Unknown`, `StaleVersion`, `AlreadyAssigned`.
    """
    assignee = Assignee(agent.id, agent.name, agent.initials)
    return await change(
        store,
        request_id,
        lambda request: noun.assign(
            request, assignee, by=by, at=now(), take_over=take_over or expected is not None
        ),
        expected,
    )  # fmt: skip


async def rename_assignee(store: RequestStore, agent: Agent) -> None:
    """Show the agent's new name on the open requests that they hold; closed ones keep the name of their time."""

    def rename(request: Request) -> Change | None:
        assignee = Assignee(agent.id, agent.name, agent.initials)
        if request.assignee is None or request.assignee.id != agent.id or request.assignee == assignee:
            return None
        return Change(replace(request, assignee=assignee))

    for request_id in await store.held_by(agent.id):
        await change(store, request_id, rename)


async def add_note(
    store: RequestStore, items: TimelineStore, request_id: str, note_id: str, text: str, *, by: Author
) -> Item:
    """Add an internal note; a repeat answers the first one. Raises `Unknown`, `IdTaken`."""
    for attempt in range(ATTEMPTS):
        await _pause(attempt)
        # The request is read first: its pending items are on the timeline then.
        request = await get(store, request_id)
        first = await items.get(note_id)
        if first is not None:
            if (first.request_id, first.author.id) != (request_id, by.id):
                raise IdTaken("The id is another item's.")
            return first
        added = noun.note(request, note_id, text, by=by, at=now())
        if await store.replace(request, _next(request, added)):
            return added.items[0]
    raise Contended("The request changes too fast.")


async def change(
    store: RequestStore,
    request_id: str,
    decide: Callable[[Request], Change | None],
    expected: int | None = None,
) -> Request:
    """Save what ``decide`` makes of the request, if anything; the request as it then is.

    Raises:
        Unknown: there is no such request.
        StaleVersion: it is not at the ``expected`` version.
        VisitorHasOpenRequest: it would be a second open one of its visitor.
        Contended: too many others changed it meanwhile.
    """
    for attempt in range(ATTEMPTS):
        await _pause(attempt)
        request = await get(store, request_id)
        if expected is not None and request.version != expected:
            raise StaleVersion(request)
        decided = decide(request)
        if decided is None:
            return request
        decided = _next(request, decided)
        try:
            if await store.replace(request, decided):
                return decided.request
        except Taken:
            other = request.visitor and await store.current_of(request.visitor.id)
            if other:
                raise VisitorHasOpenRequest(other) from None
    raise Contended("The request changes too fast.")


def _next(before: Request, decided: Change) -> Change:
    return replace(decided, request=replace(decided.request, version=before.version + 1))


async def _pause(attempt: int) -> None:
    """Let the others finish, the longer the more often they were faster."""
    if attempt:
        await asyncio.sleep(random.random() * _PAUSE_SECONDS * min(attempt, 10))  # noqa: S311  spreads load
