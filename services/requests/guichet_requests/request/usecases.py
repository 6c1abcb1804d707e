"""What can be done with requests.

Every change reads, decides, and saves against the version that it read; when another one came between, it begins again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

from guichet_contracts.event import Event
from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_requests.agent.agent import Agent
from guichet_requests.contact.contact import ContactCopy, ContactErased, ContactNotKnownYet
from guichet_requests.contact.store import ContactStore
from guichet_requests.errors import Contended, IdTaken, Refused, Unknown
from guichet_requests.guard import Guard, Person
from guichet_requests.request import linking
from guichet_requests.request import request as noun
from guichet_requests.request.request import Assignee, Change, Contact, Link, Priority, Request
from guichet_requests.request.store import RequestStore, Taken
from guichet_requests.timeline.item import Author, Item
from guichet_requests.timeline.store import TimelineStore

Addition = tuple[Change, Sequence[Event[Any]]]
"""A change that adds an item, and what is to be told besides it."""

ATTEMPTS = 50
_FREED_AT_ONCE = 100
SYSTEM = Author("system", "requests", None)
"""Who does what follows by itself."""

_PAUSE_SECONDS = 0.02


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


async def get(store: RequestStore, request_id: str) -> Request:
    """The request. Raises `Unknown`."""
    request = await store.get(request_id)
    if request is None:
        raise Unknown("There is no such request.")
    return request


async def create_by_hand(
    store: RequestStore,
    contacts: ContactStore,
    guard: Guard,
    *,
    by: Author,
    request_id: str | None,
    idempotency_key: str | None,
    subject: str,
    text: str | None,
    priority: Priority,
    reason_id: str | None,
    contact_id: str | None,
    assignee: Agent | None = None,
) -> Request:
    """A manual request. A repeat with the same id or key answers the request as it now is.

    Raises `IdTaken`, `ContactNotKnownYet`, `ContactErased`.
    """
    if request_id is None:
        request_id = str(uuid5(UUID(by.id), idempotency_key)) if idempotency_key else new_id()
    for _ in range(ATTEMPTS):
        existing = await store.get(request_id)
        if existing is not None:
            if existing.created_by != by.id:
                raise IdTaken("The id is another request's.")
            return existing
        contact = await _active(contacts, guard, contact_id) if contact_id else None
        created = noun.open_by_hand(
            request_id,
            await store.next_number(),
            by=by,
            subject=subject,
            text=text,
            priority=priority,
            reason_id=reason_id,
            contact=contact,
            assignee=Assignee(assignee.id, assignee.name, assignee.initials) if assignee else None,
            at=now(),
        )
        try:
            await store.insert(created)
        except Taken:
            continue
        if contact is None:
            return created.request
        await guard.look_again(shown(contact, contact_id or contact.id))
        return await show_contact(store, contacts, request_id)
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


async def link(
    store: RequestStore,
    contacts: ContactStore,
    guard: Guard,
    request_id: str,
    contact_id: str,
    *,
    by: Author,
    expected: int | None,
) -> Request:
    """Link the request to the contact. Raises `Unknown`, `StaleVersion`, `ContactNotKnownYet`, `ContactErased`."""
    linked: set[Contact] = set()

    async def decide(request: Request) -> Change | None:
        contact = await _active(contacts, guard, contact_id)
        linked.add(contact)
        return linking.link(request, contact_id, contact, by=by, at=now())

    await change_after(store, request_id, decide, expected)
    for contact in linked:
        await guard.look_again(shown(contact, contact_id))
    return await show_contact(store, contacts, request_id)


def shown(contact: Contact, *linked_ids: str) -> Person:
    """The person as a request shows them, and by which ids they were linked, as the guard asks."""
    return Person(
        contact_ids=frozenset({contact.id, *linked_ids}),
        names=frozenset({contact.name} - {""}),
        addresses=frozenset({contact.email} if contact.email else ()),
    )


async def show_contact(store: RequestStore, contacts: ContactStore, request_id: str) -> Request:
    """Let the request show its contact as the copy now tells it. Raises `Unknown`.

    Done also right after linking: the copy may have changed before the request could be found among its own.
    """

    async def decide(request: Request) -> Change | None:
        return linking.show_contact(request, await shown_for(contacts, request.link)) if request.link else None

    return await change_after(store, request_id, decide)


async def shown_for(contacts: ContactStore, link: Link) -> Contact | None:
    """The contact that a link stands for by now."""
    copy = await contacts.resolve(link.contact_id) if link.contact_id else None
    return Contact(copy.id, copy.name, copy.email) if copy and copy.state == "active" else None


async def _active(contacts: ContactStore, guard: Guard, contact_id: str) -> Contact:
    copy: ContactCopy | None = await contacts.resolve(contact_id)
    if copy is not None and await guard.erased(Person(contact_ids=frozenset({contact_id, copy.id}))):
        raise ContactErased
    match copy:
        case ContactCopy(state="active"):
            return Contact(copy.id, copy.name, copy.email)
        case ContactCopy(state="erased"):
            raise ContactErased
        case _:
            raise ContactNotKnownYet


async def rename_assignee(store: RequestStore, agent: Agent) -> None:
    """Show the agent's new name on the open requests that they hold; closed ones keep the name of their time."""

    def rename(request: Request) -> Change | None:
        assignee = Assignee(agent.id, agent.name, agent.initials)
        if request.assignee is None or request.assignee.id != agent.id or request.assignee == assignee:
            return None
        return Change(replace(request, assignee=assignee))

    for request_id in await store.held_by(agent.id):
        await change(store, request_id, rename)


async def free_requests_of(store: RequestStore, agent_ids: Sequence[str]) -> None:
    """Take the open requests from agents who have no access any more: others can take them. Closed ones stay theirs."""
    gone = frozenset(agent_ids)

    def free(request: Request) -> Change | None:
        if request.assignee is None or request.assignee.id not in gone or request.status == "closed":
            return None
        return noun.release(request, by=SYSTEM, at=now())

    while gone and (held := await store.held_by_any(agent_ids, _FREED_AT_ONCE)):
        for request_id in held:
            await change(store, request_id, free)


async def edit_subject(
    store: RequestStore,
    guard: Guard,
    request_id: str,
    decide: Callable[[Request], Awaitable[Change | None]],
    expected: int | None,
    subject: str | None,
) -> Request:
    """As `change_after`, where ``subject`` is among what is changed: it may name somebody who is just being erased."""
    since = now()
    edited = await change_after(store, request_id, decide, expected)
    if not subject:
        return edited
    await guard.look_again(Person(request_ids=frozenset({request_id}), since=since, subject=subject))
    return await get(store, request_id)


async def add_note(
    store: RequestStore, items: TimelineStore, guard: Guard, request_id: str, note_id: str, text: str, *, by: Author
) -> Item:
    """Add an internal note; a repeat answers the first one. Raises `Unknown`, `IdTaken`."""
    since = now()

    async def decide(request: Request) -> Addition:
        return noun.note(request, note_id, text, by=by, at=now()), ()

    note = await add_item(store, items, request_id, note_id, decide, by=by)
    person = Person(request_ids=frozenset({request_id}), item_ids=frozenset({note_id}), since=since)
    await guard.look_again(person)
    return await items.get(note_id) or note


async def add_item(
    store: RequestStore,
    items: TimelineStore,
    request_id: str,
    item_id: str,
    decide: Callable[[Request], Awaitable[Addition]],
    *,
    by: Author,
) -> Item:
    """Save what ``decide`` makes of the request, with the item of that id; a repeat answers the first one.

    Raises `Unknown`, `IdTaken`, `Contended`.
    """
    for attempt in range(ATTEMPTS):
        await pause(attempt)
        # The request is read first: its pending items are on the timeline then.
        request = await get(store, request_id)
        first = await items.get(item_id)
        if first is not None:
            if (first.request_id, first.author.id) != (request_id, by.id):
                raise IdTaken("The id is another item's.")
            return first
        added, told = await decide(request)
        if await store.replace(request, next_version(request, added), told):
            return next(item for item in added.items if item.id == item_id)
    raise Contended("The request changes too fast.")


async def change(
    store: RequestStore,
    request_id: str,
    decide: Callable[[Request], Change | None],
    expected: int | None = None,
) -> Request:
    """As `change_after`, where nothing but the request is needed to decide."""

    async def at_once(request: Request) -> Change | None:
        return decide(request)

    return await change_after(store, request_id, at_once, expected)


async def change_after(
    store: RequestStore,
    request_id: str,
    decide: Callable[[Request], Awaitable[Change | None]],
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
        await pause(attempt)
        request = await get(store, request_id)
        if expected is not None and request.version != expected:
            raise StaleVersion(request)
        decided = await decide(request)
        if decided is None:
            return request
        decided = next_version(request, decided)
        try:
            if await store.replace(request, decided):
                return decided.request
        except Taken:
            other = request.visitor and await store.current_of(request.visitor.id)
            if other:
                raise VisitorHasOpenRequest(other) from None
    raise Contended("The request changes too fast.")


def next_version(before: Request, decided: Change) -> Change:
    """What ``decided`` makes of ``before``, with its version."""
    return replace(decided, request=replace(decided.request, version=before.version + 1))


async def pause(attempt: int) -> None:
    """Let the others finish, the longer the more often they were faster."""
    if attempt:
        await asyncio.sleep(random.random() * _PAUSE_SECONDS * min(attempt, 10))  # noqa: S311  spreads load
