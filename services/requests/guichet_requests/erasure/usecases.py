"""Erasing a person: first it is written down what is to go, then it goes, then that list goes too.

A process that dies in the middle is followed by a repeat of the event, or by whoever looks for erasures that did not
come to their end; both find the list and go on. What is heard of an erased visitor later, since it waited in a queue,
comes in without the person.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from guichet_kit.redact import ERASED

from guichet_requests.contact.contact import email_key
from guichet_requests.contact.store import ContactStore
from guichet_requests.email.people import writer
from guichet_requests.erasure.erasure import (
    Erasure,
    erase_heard,
    erase_item,
    erase_late,
    erase_mention,
    erase_request,
    erase_shown,
    erase_subject_of,
    erase_told,
    erase_written,
)
from guichet_requests.erasure.store import ErasureStore
from guichet_requests.file.store import FileStore
from guichet_requests.guard import Person
from guichet_requests.request import batch, hearing
from guichet_requests.request.batch import Heard, News
from guichet_requests.request.chat import Entry, Opening
from guichet_requests.request.request import Change, Contact, Request, Visitor
from guichet_requests.request.store import RequestStore
from guichet_requests.request.usecases import change
from guichet_requests.timeline.item import Item
from guichet_requests.timeline.store import TimelineStore


@dataclass(frozen=True, slots=True)
class Everywhere:
    """The stores that an erasure goes through."""

    erasures: ErasureStore
    requests: RequestStore
    items: TimelineStore
    contacts: ContactStore
    files: FileStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Whom ``contacts`` says to erase; see ``contacts.contact.erased.v1``."""

    contact_id: str
    version: int
    merged_ids: Sequence[str] = ()
    visitor_ids: Sequence[str] = ()
    traces: Sequence[str] = ()
    at: datetime


async def erase(everywhere: Everywhere, order: Order) -> None:
    """Take the person out of requests, timelines and copies of contacts and files, and tell the other services."""
    contacts = everywhere.contacts
    contact_ids = {order.contact_id, *order.merged_ids, *await contacts.standing_for(order.contact_id)}
    copies = [copy for one in sorted(contact_ids) if (copy := await contacts.get(one))]
    erasure = Erasure(
        order.contact_id,
        order.at,
        contact_ids=frozenset(contact_ids),
        names=frozenset(copy.name for copy in copies if copy.name),
        addresses=frozenset(email for copy in copies for email in (copy.email, *copy.other_emails) if email),
        phones=frozenset(copy.phone for copy in copies if copy.phone),
        traces=frozenset(order.traces),
    )
    # Before anything is looked for: whoever links, files or writes from now on sees it, and what they wrote before is
    # found.
    erasure = await everywhere.erasures.add(erasure)
    claims = [one for one in order.visitor_ids if await _claims(everywhere, one, erasure)]
    await complete(everywhere, erasure.with_more(visitor_ids=claims), order.version)


async def complete(everywhere: Everywhere, erasure: Erasure, version: int | None = None) -> None:
    """Bring an erasure to its end, with what is known of the person besides. It may be repeated at any time."""
    erasures, contacts = everywhere.erasures, everywhere.contacts
    erasure = await erasures.add(await _collected(everywhere, erasure))
    for gone in erasure.contact_ids:
        copy = await contacts.get(gone)
        if copy is None or copy.state != "erased":
            await contacts.erase(gone, version if version is not None else (copy.version if copy else 0))
    await _take_out(everywhere, erasure)
    # What came in beside it is among their requests by now.
    erasure = await erasures.add(await _collected(everywhere, erasure))
    await everywhere.files.forget(erasure.attachment_ids, erasure.visitor_ids)
    await erasures.finish(erasure)


async def take_in_entry(everywhere: Everywhere, opening: Opening, entry: Entry) -> None:
    """`hearing.take_in_entry`, but of an erased visitor nothing comes in that says who they were."""
    visitor = opening.visitor
    erasures = everywhere.erasures
    erasure = await erasures.of_visitor(visitor.id)
    if erasure is not None:
        opening, entry = erase_heard(opening, entry)
    linked = await hearing.take_in_entry(everywhere.requests, everywhere.contacts, opening, entry)
    # One that began meanwhile may have looked for the entry before it was there: then it is for us to take it out. Also
    # one that was over before: whoever took the entry in first may have died before they looked.
    erasure = erasure or await erasures.of_visitor(visitor.id)
    if erasure is not None:
        await _take_out_entry(everywhere, erasure, visitor, opening, entry)
    elif linked is not None:
        await look_again(everywhere, _as_seen(visitor, linked))


async def take_in_batch(everywhere: Everywhere, news: Sequence[News]) -> set[int]:
    """`batch.take_in_batch`, but that what an erased visitor wrote is left, too."""
    visitors = [one.opening.visitor for one in news if isinstance(one, Heard)]
    known = await everywhere.erasures.of_visitors(visitor.id for visitor in visitors)
    kept = [index for index, one in enumerate(news) if not (isinstance(one, Heard) and one.opening.visitor.id in known)]
    left = await batch.take_in_batch(everywhere.requests, [news[index] for index in kept])
    # As above: one that began meanwhile may have missed what was taken in.
    late = await everywhere.erasures.of_visitors(visitor.id for visitor in visitors if visitor.id not in known)
    for one in news:
        if isinstance(one, Heard) and (erasure := late.get(one.opening.visitor.id)):
            await _take_out_entry(everywhere, erasure, one.opening.visitor, one.opening, one.entry)
    return {*range(len(news))} - {index for place, index in enumerate(kept) if place not in left}


async def look_again(everywhere: Everywhere, person: Person) -> None:
    """Bring the erasures that the person goes or went with to their end once more, with what was just written.

    The items that came in keep no word: how the person was called may be forgotten by now.
    """
    for erasure in await everywhere.erasures.of_person(person):
        more = erasure.with_more(names=person.names, addresses=person.addresses, visitor_ids=person.visitor_ids)
        known = await everywhere.erasures.add(more)
        for item in await everywhere.items.several(person.item_ids):
            await _take_out_item(everywhere, item, known)
        if person.subject is not None:
            for request_id in sorted(person.request_ids):
                await _take_out_subject(everywhere, request_id, person.subject, known)
        await complete(everywhere, known)


async def _take_out_entry(
    everywhere: Everywhere, erasure: Erasure, visitor: Visitor, opening: Opening, entry: Entry
) -> None:
    known = erasure.knowing(visitor).with_more(visitor_ids=[visitor.id])
    for item in await everywhere.items.several([f"{opening.conversation_id}:{entry.seq}"]):
        await _take_out_item(everywhere, item, known)
    await _take_out(everywhere, known)


def _as_seen(visitor: Visitor, linked: Contact) -> Person:
    return Person(
        contact_ids=frozenset({linked.id}),
        visitor_ids=frozenset({visitor.id}),
        names=frozenset(filter(None, (visitor.name, linked.name))),
        addresses=frozenset(filter(None, (visitor.email, linked.email))),
    )


async def _take_out(everywhere: Everywhere, erasure: Erasure) -> None:
    redaction = erasure.redaction
    theirs = {*erasure.request_ids, *await _requests_of(everywhere, erasure)}
    for request_id in sorted(theirs):
        await _clear(
            everywhere,
            request_id,
            erasure,
            lambda item: erase_item(item, erasure, redaction),
            lambda request: erase_request(request, erasure, redaction),
        )
    written = await everywhere.items.written_by(erasure.address_keys, erasure.at)
    for request_id in sorted(({item.request_id for item in written} | erasure.mention_ids) - theirs):
        # Somebody else's, or one whose contact an agent took off.
        await _clear(
            everywhere,
            request_id,
            erasure,
            lambda item: erase_written(item, erasure, redaction),
            lambda request: erase_mention(request, redaction),
        )


async def _take_out_item(everywhere: Everywhere, item: Item, erasure: Erasure) -> None:
    """One item that came in late, and what is shown of it, on whosesoever request it is."""
    redaction, visitor_ids = erasure.redaction, erasure.visitor_ids
    await _clear(
        everywhere,
        item.request_id,
        erasure,
        lambda one: erase_late(one, erasure, redaction) if one.id == item.id else one,
        lambda request: erase_shown(request, item, visitor_ids, redaction),
    )


async def _take_out_subject(everywhere: Everywhere, request_id: str, subject: str, erasure: Erasure) -> None:
    """A subject that an agent wrote meanwhile, and the lines that tell of it."""
    await _clear(
        everywhere,
        request_id,
        erasure,
        lambda item: erase_subject_of(item, subject),
        lambda request: Change(replace(request, subject=ERASED)) if request.subject == subject else None,
    )


async def _clear(
    everywhere: Everywhere,
    request_id: str,
    erasure: Erasure,
    of_item: Callable[[Item], Item],
    of_request: Callable[[Request], Change | None],
) -> None:
    """Rewrite the timeline, the request and what it is yet to tell, until nothing is left to be rewritten.

    Each rewriting gives the request a new version. So whoever decides on what they read before it, an answer with its
    quotations for one, either has saved that by then, and the next round finds it, or cannot save it any more.
    """
    requests, left = everywhere.requests, True
    while left:
        # Read, a request puts on the timeline what a crash left of it.
        if await requests.get(request_id) is None:
            return
        left = rewritten = await everywhere.items.rewrite(request_id, of_item)

        def decide(request: Request, rewritten: bool = rewritten) -> Change | None:
            nonlocal left
            decided = of_request(request) or (Change(request) if rewritten else None)
            left = left or decided is not None
            return decided

        await change(requests, request_id, decide)
    redaction = erasure.redaction

    def without(event: Mapping[str, Any]) -> dict[str, Any]:
        return erase_told(event, erasure, redaction)

    await requests.rewrite_untold(request_id, without)


async def _requests_of(everywhere: Everywhere, erasure: Erasure) -> list[str]:
    found = everywhere.requests.of_person(
        erasure.contact_ids, erasure.visitor_ids, erasure.address_keys, until=erasure.at
    )
    return [request_id async for request_id in found]


async def _collected(everywhere: Everywhere, erasure: Erasure) -> Erasure:
    """With all that is known of the person by now: visitors, requests, names, e-mails and files."""
    requests, items = everywhere.requests, everywhere.items
    found = erasure.with_more(visitor_ids=await requests.visitors_of(erasure.contact_ids))
    for seen in await requests.seen_as(found.visitor_ids):
        found = found.knowing(seen)
    for shown in await requests.shown_as(found.contact_ids):
        found = found.with_more(names=[shown.name], addresses=[shown.email] if shown.email else [])
    found = found.with_more(request_ids=await _requests_of(everywhere, found))
    for request_id in sorted(found.request_ids):
        await requests.get(request_id)  # its pending items are on the timeline then
    keys = found.address_keys
    written = await items.written_by(keys, found.at)
    named = await items.naming(found.contact_ids)
    of_theirs = [*await items.with_files(found.request_ids), *written]
    emails = [item for item in of_theirs if item.kind == "email"]
    names = {
        wrote.name
        for item in emails
        if item.email and (wrote := writer(item.email) or item.email.sender) and email_key(wrote.email) in keys
    }
    return found.with_more(
        names=names - {""},
        mention_ids={item.request_id for item in (*written, *named)} - found.request_ids,
        email_ids=[item.id for item in emails if item.direction == "inbound"],
        item_ids=[item.id for item in emails if item.direction == "outbound"],
        attachment_ids=[file.id for item in of_theirs for file in item.attachments],
    )


async def _claims(everywhere: Everywhere, visitor_id: str, erasure: Erasure) -> bool:
    """Whether the visitor claims an address of the person."""
    seen = await everywhere.requests.seen_as([visitor_id])
    return any(one.email and email_key(one.email) in erasure.address_keys for one in seen)


class ErasureGuard:
    """`guichet_requests.guard.Guard`, by the erasures that there are."""

    def __init__(self, everywhere: Everywhere) -> None:
        self._everywhere = everywhere

    async def forgets(self, person: Person, email_id: str, file_ids: frozenset[str]) -> bool:
        """Whether the mail is to be left; ``mailer`` and ``attachments`` hear of it."""
        found = await self._everywhere.erasures.of_person(person)
        for erasure in found:
            await self._everywhere.erasures.leave(erasure, email_id, file_ids)
        return bool(found)

    async def erased(self, person: Person) -> bool:
        """Whether the person was erased, or is just being."""
        return bool(await self._everywhere.erasures.of_person(person))

    async def look_again(self, person: Person) -> None:
        """Take out what was written just now, if the person was erased meanwhile."""
        await look_again(self._everywhere, person)
