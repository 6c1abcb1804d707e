"""Erasing a person: first it is written down what is to go, then it goes, then that list goes too.

A process that dies in the middle is followed by a repeat of the event, which finds the list and goes on. What is heard
of an erased visitor later, since it waited in a queue, comes in without the person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from guichet_requests.contact.contact import ContactCopy, email_key
from guichet_requests.contact.store import ContactStore
from guichet_requests.email.people import writer
from guichet_requests.erasure.erasure import (
    Erasure,
    erase_heard,
    erase_item,
    erase_mention,
    erase_request,
    erase_told,
    erase_written,
)
from guichet_requests.erasure.store import ErasureStore
from guichet_requests.file.store import FileStore
from guichet_requests.request import batch, hearing
from guichet_requests.request.batch import Heard, News
from guichet_requests.request.chat import Entry, Opening
from guichet_requests.request.request import Visitor
from guichet_requests.request.store import RequestStore
from guichet_requests.request.usecases import change
from guichet_requests.timeline.store import TimelineStore


async def erase(
    erasures: ErasureStore,
    requests: RequestStore,
    items: TimelineStore,
    contacts: ContactStore,
    files: FileStore,
    contact_id: str,
    version: int,
    merged_ids: Sequence[str],
) -> None:
    """Take the person out of requests, timelines and copies of contacts and files, and tell the other services."""
    contact_ids = [*{contact_id, *merged_ids, *await contacts.standing_for(contact_id)}]
    known = await _known(requests, contacts, contact_id, contact_ids)
    erasure = await erasures.add(await _with_mail(requests, items, known))
    for gone in erasure.contact_ids:
        await contacts.erase(gone, version)
    await _take_out(requests, items, erasure)
    await files.forget(erasure.attachment_ids, erasure.visitor_ids)
    await erasures.finish(erasure)


async def take_in_entry(
    erasures: ErasureStore,
    requests: RequestStore,
    items: TimelineStore,
    contacts: ContactStore,
    opening: Opening,
    entry: Entry,
) -> None:
    """`hearing.take_in_entry`, but of an erased visitor nothing comes in that says who they were."""
    visitor = opening.visitor
    erasure = await erasures.of_visitor(visitor.id)
    if erasure is not None:
        opening, entry = erase_heard(opening, entry, erasure.knowing(visitor).redaction)
    await hearing.take_in_entry(requests, contacts, opening, entry)
    # One that began meanwhile may have looked for the entry before it was there: then it is for us to take it out. Also
    # one that was over before: whoever took the entry in first may have died before they looked.
    erasure = erasure or await erasures.of_visitor(visitor.id)
    if erasure is not None:
        await _take_out(requests, items, erasure.knowing(visitor))


async def take_in_batch(
    erasures: ErasureStore, requests: RequestStore, items: TimelineStore, news: Sequence[News]
) -> set[int]:
    """`batch.take_in_batch`, but that what an erased visitor wrote is left, too."""
    visitors = [one.opening.visitor for one in news if isinstance(one, Heard)]
    known = await erasures.of_visitors(visitor.id for visitor in visitors)
    kept = [index for index, one in enumerate(news) if not (isinstance(one, Heard) and one.opening.visitor.id in known)]
    left = await batch.take_in_batch(requests, [news[index] for index in kept])
    # As above: one that began meanwhile may have missed what was taken in.
    late = await erasures.of_visitors(visitor.id for visitor in visitors if visitor.id not in known)
    for visitor_id, erasure in late.items():
        for visitor in visitors:
            erasure = erasure.knowing(visitor) if visitor.id == visitor_id else erasure
        await _take_out(requests, items, erasure)
    return {*range(len(news))} - {index for place, index in enumerate(kept) if place not in left}


async def _take_out(requests: RequestStore, items: TimelineStore, erasure: Erasure) -> None:
    redaction = erasure.redaction

    def without(event: Mapping[str, Any]) -> dict[str, Any]:
        return erase_told(event, erasure, redaction)

    async for request_id in requests.of_person(erasure.contact_ids, erasure.visitor_ids, erasure.address_keys):
        # Read, a request puts on the timeline what a crash left of it. The timeline goes first: a request that is done
        # is found no more by its contact, and need not be.
        await requests.get(request_id)
        await items.rewrite(request_id, lambda item: erase_item(item, erasure, redaction))
        await change(requests, request_id, lambda request: erase_request(request, redaction))
        await requests.rewrite_untold(request_id, without)
    for request_id in {item.request_id for item in await items.written_by(erasure.address_keys)}:
        # Somebody else's, or one whose contact an agent took off.
        await change(requests, request_id, lambda request: erase_mention(request, redaction))
        await items.rewrite(request_id, lambda item: erase_written(item, erasure, redaction))
        await requests.rewrite_untold(request_id, without)


async def _with_mail(requests: RequestStore, items: TimelineStore, erasure: Erasure) -> Erasure:
    """With the e-mails and files of their requests, and those that they wrote on others."""
    keys = erasure.address_keys
    request_ids = [one async for one in requests.of_person(erasure.contact_ids, erasure.visitor_ids, keys)]
    for request_id in request_ids:
        await requests.get(request_id)
    found = [*await items.with_files(request_ids), *await items.written_by(keys)]
    names = {
        wrote.name
        for item in found
        if item.email and (wrote := writer(item.email) or item.email.sender) and email_key(wrote.email) in keys
    }
    emails = [item for item in found if item.kind == "email"]
    return replace(
        erasure,
        names=erasure.names | (names - {""}),
        email_ids=frozenset(item.id for item in emails if item.direction == "inbound"),
        item_ids=frozenset(item.id for item in emails if item.direction == "outbound"),
        attachment_ids=frozenset(file.id for item in found for file in item.attachments),
    )


async def _known(
    requests: RequestStore, contacts: ContactStore, contact_id: str, contact_ids: Sequence[str]
) -> Erasure:  # fmt: skip
    copies = [copy for one in contact_ids if (copy := await contacts.get(one))]
    visitor_ids = await requests.visitors_of(contact_ids)
    people: list[ContactCopy | Visitor] = [*copies, *await requests.seen_as(visitor_ids)]
    return Erasure(
        contact_id,
        contact_ids=frozenset(contact_ids),
        visitor_ids=frozenset(visitor_ids),
        names=frozenset(filter(None, (person.name for person in people))),
        addresses=frozenset(
            address
            for address in (
                *(person.email for person in people),
                *(email for copy in copies for email in copy.other_emails),
            )
            if address
        ),
        phones=frozenset(copy.phone for copy in copies if copy.phone),
    )
