"""Bringing a received e-mail to where it is decided to be, and taking it from where it was. Each can be done again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from guichet_contracts.requests import ContactWanted
from guichet_kit.blank import is_blank

from guichet_requests.contact.contact import ContactCopy, email_key
from guichet_requests.contact.store import ContactStore
from guichet_requests.contact.usecases import link_awaited
from guichet_requests.email.email import Email
from guichet_requests.email.events import contact_wanted
from guichet_requests.email.filing import Filing, Place, is_strange
from guichet_requests.email.letter import THREAD
from guichet_requests.email.people import writer
from guichet_requests.email.store import FilingStore
from guichet_requests.errors import Contended
from guichet_requests.file.store import FileStore
from guichet_requests.guard import Guard, Person
from guichet_requests.request import mail
from guichet_requests.request.request import Change, Request, Visitor
from guichet_requests.request.store import RequestStore, Taken
from guichet_requests.request.usecases import ATTEMPTS, get, next_version, pause
from guichet_requests.timeline.item import Item, Party
from guichet_requests.timeline.store import TimelineStore

SUBJECT_LENGTH = 200
"""Characters of an e-mail's subject that its request is called by."""


@dataclass(frozen=True, slots=True)
class Mailroom:
    """What filing works with. ``reopen``: for how long a closed request is opened again."""

    requests: RequestStore
    items: TimelineStore
    contacts: ContactStore
    filings: FilingStore
    files: FileStore
    reopen: timedelta
    guard: Guard


async def settle(room: Mailroom, filing: Filing, item: Item) -> None:
    """Bring the e-mail to where it is decided to be, and take it from where it was."""
    while True:
        await _arrive(room, filing, item)
        for index in range(1, filing.version):
            await _leave(room, filing, index, item)
        newest = await room.filings.get(filing.email_id)
        if newest is None or newest.version == filing.version:
            break
        filing = newest
    await link_awaited(room.requests, room.contacts, filing.place.request_id)


async def _arrive(room: Mailroom, filing: Filing, item: Item) -> None:
    aside = False
    for attempt in range(ATTEMPTS):
        await pause(attempt)
        # The request is read first: its pending items are on the timeline then.
        request = await room.requests.get(filing.place.request_id)
        there = await room.items.get(item.id)
        if there is not None and there.revision >= filing.version:
            return
        if request is None:
            arrived, wanting = await _begun(room, filing.place, item, filing.version)
            try:
                await room.requests.insert(arrived, wanting)
            except Taken:
                continue  # by a repeat of this
            return
        told: list[ContactWanted] = []
        placed = await _placed(room, request, filing, item)
        if there is not None and there.request_id == request.id and (line := _line(filing, placed)):
            arriving = mail.judge(request, placed, line, await _besides(room, request.id, item), aside=aside)
            if placed.said and (wanted := _wanted(request, email_of(placed), placed.at)):
                arriving = replace(arriving, request=replace(arriving.request, awaits=email_key(wanted.data.email)))
                told = [wanted]
        else:
            arriving = mail.take_in(request, placed, aside=aside)
        try:
            if await room.requests.replace(request, next_version(request, arriving), told):
                return
        except Taken:
            # Its visitor goes on in another request, and there is one place only for what they write in the chat.
            aside = True
    raise Contended(f"e-mail {item.id}")


async def _placed(room: Mailroom, request: Request, filing: Filing, item: Item) -> Item:
    """The e-mail as it stands on this request."""
    contact = await room.contacts.resolve(request.contact.id) if request.contact else None
    others = [one.email for one in await room.items.emails(request.id, THREAD) if one.email and one.id != item.id]
    email = email_of(item)
    strange = is_strange(email, request, contact, others)
    author = replace(item.author, id=contact.id if contact and _is_from(email, contact) else "")
    email = replace(email, placed=filing.place.placed, other_sender=strange)
    email = _as_judged(email, filing.place)
    return replace(item, request_id=request.id, author=author, email=email, revision=filing.version)


async def _begun(room: Mailroom, place: Place, item: Item, version: int) -> tuple[Change, list[ContactWanted]]:
    """A request that the e-mail begins, and what is wanted for it: the contact of a person, not of a machine."""
    email = _as_judged(email_of(item), place)
    person = writer(email) if email.kind in ("message", "auto_reply") or email.written_by == "person" else None
    # Whose address was forged is nobody's contact; an agent who knows better may link one.
    person = None if email.written_by == "machine" or email.forged else person
    request = mail.begin(
        place.request_id,
        await room.requests.next_number(),
        channel="email",
        subject=None if is_blank(email.subject) else email.subject.strip()[:SUBJECT_LENGTH],
        awaits=email_key(person.email) if person else None,
        at=item.at,
    )
    if name := item.author.name:
        # Lists say who wrote also while there is no contact, or where none is wanted.
        wrote = writer(email)
        request = replace(request, visitor=Visitor(visitor_of(item), name, wrote.email if wrote else None))
    email = replace(email, placed=place.placed, other_sender=False)
    arriving = replace(item, request_id=request.id, email=email, revision=version)
    wanted = [contact_wanted(request.id, person.email, person.name, item.at)] if person else []
    return mail.take_in(request, arriving), wanted


def _wanted(request: Request, email: Email, at: datetime) -> ContactWanted | None:
    """The contact that is wanted for an e-mail's request that has none and waits for none."""
    person = writer(email)
    decided = request.contact or request.link or request.awaits
    if person is None or decided or email.other_sender or email.forged or request.channel != "email":
        return None
    return contact_wanted(request.id, person.email, person.name, at)


def _as_judged(email: Email, place: Place) -> Email:
    return replace(email, written_by=place.written_by, judged_by=place.judged_by)


def _line(filing: Filing, item: Item) -> Item | None:
    """The line that tells of the last decision, where it was about who wrote the e-mail."""
    place = filing.place
    if place.by is None or place.written_by is None or filing.version == 1 or filing.left(filing.version - 1):
        return None
    line_id = f"{filing.email_id}:judged:{filing.version}"
    return mail.judged(item, line_id, place.written_by, by=place.by, at=place.at)


async def _besides(room: Mailroom, request_id: str, item: Item) -> list[Item]:
    """What was said on the request, also by machines, besides this e-mail, the newest first."""
    return [one for one in await room.items.said(request_id, THREAD) if one.id != item.id]


async def _leave(room: Mailroom, filing: Filing, index: int, item: Item) -> None:
    """Take the e-mail off the request that its decision ``index`` took it from."""
    left_id, went = filing.left(index), filing.places[index]
    if left_id is None:
        return
    line_id, to = f"{filing.email_id}:moved:{index}", await get(room.requests, went.request_id)
    for attempt in range(ATTEMPTS):
        await pause(attempt)
        request = await get(room.requests, left_id)
        if await room.items.get(line_id) is not None or went.by is None:
            return
        line = mail.moved_away(request, line_id, Party(to.id, f"#{to.number}"), by=went.by, at=went.at)
        lost = mail.lose(request, item, line, await _besides(room, left_id, item))
        if await room.requests.replace(request, next_version(request, lost)):
            return
    raise Contended(f"e-mail {item.id}")


def _is_from(email: Email, contact: ContactCopy) -> bool:
    wrote = writer(email)
    return wrote is not None and not email.forged and email_key(wrote.email) in contact.email_keys


def wrote_it(item: Item, *request_ids: str) -> Person:
    """Whoever wrote the e-mail, as the guard asks; ``request_ids``: where it belongs."""
    email = email_of(item)
    people = [one for one in (writer(email), email.sender) if one]
    return Person(
        visitor_ids=frozenset({visitor_of(item)}),
        names=frozenset(filter(None, (item.author.name, *(one.name for one in people)))),
        addresses=frozenset(one.email for one in people),
        request_ids=frozenset(request_ids),
        item_ids=frozenset({item.id}),
        received_at=item.at,
    )


def visitor_of(item: Item) -> str:
    """The id under which a request that the e-mail began says who wrote it."""
    return f"email-{item.id}"


def email_of(item: Item) -> Email:
    assert item.email is not None  # noqa: S101  only e-mails are filed
    return item.email
