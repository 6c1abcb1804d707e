"""What comes in by e-mail: filed by one decision, then brought to where that says, which can be done again.

An agent's move is one more decision. What a crash left undone is done by the repeat: of the event, or of the move.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from guichet_contracts.attachments import File, Refusal
from guichet_contracts.mailer import Thread
from guichet_contracts.requests import ContactWanted
from guichet_kit.clock import now
from guichet_kit.hearings import NotYet, waits

from guichet_requests.contact.contact import ContactCopy, email_key
from guichet_requests.contact.store import ContactStore
from guichet_requests.contact.usecases import link_awaited
from guichet_requests.email.email import Delivery, Email, OtherRequest, PlacedBy
from guichet_requests.email.events import contact_wanted
from guichet_requests.email.filing import Filing, NotMovable, Place, file, is_strange
from guichet_requests.email.letter import THREAD
from guichet_requests.email.store import FilingStore
from guichet_requests.errors import Contended, Unknown
from guichet_requests.file.store import Checked, FileStore
from guichet_requests.request import mail
from guichet_requests.request.hearing import PATIENCE
from guichet_requests.request.request import Change, Request, Visitor
from guichet_requests.request.store import RequestStore, Taken
from guichet_requests.request.usecases import ATTEMPTS, change, change_after, get, next_version, pause
from guichet_requests.timeline.item import Author, Item, Party
from guichet_requests.timeline.store import TimelineStore

SUBJECT_LENGTH = 200
"""Characters of an e-mail's subject that its request is called by."""


class ThreadUnknown(NotYet):
    """The e-mails that this one follows were not heard of yet: it is to come again later."""


class NoSuchTarget(Unknown):
    """The request that an e-mail shall be moved to does not exist."""


@dataclass(frozen=True, slots=True)
class Mailroom:
    """What filing works with. ``reopen``: for how long a closed request is opened again."""

    requests: RequestStore
    items: TimelineStore
    contacts: ContactStore
    filings: FilingStore
    files: FileStore
    reopen: timedelta


async def take_in_email(room: Mailroom, item: Item, thread: Thread) -> None:
    """Put a received e-mail on its request's timeline. A repeat changes nothing.

    ``item`` is as it would stand on any request.

    Raises:
        ThreadUnknown: what it follows may still come.
        Contended: as the name says.
    """
    filing = await room.filings.get(item.id) or await room.filings.add(await _decide(room, item, thread))
    await _settle(room, filing, item)
    for one in item.attachments:
        if one.state == "checking" and (checked := await room.files.checked(one.id)):
            await _show_checked(room, one.id, checked)


async def take_in_file(room: Mailroom, file: File, refusal: Refusal | None = None) -> None:
    """Keep a copy of a file whose checks have ended, and show how, where an e-mail brought it before that."""
    await room.files.keep(file, refusal)
    await _show_checked(room, file.id, Checked(refusal))


async def move(room: Mailroom, request_id: str, email_id: str, to: str | None, *, by: Author) -> tuple[Item, Request]:
    """Move a received e-mail to the request ``to``, or to one of its own; the e-mail and the request where it is now.

    A repeat completes the first. An e-mail keeps its time, and is unread where it comes to.

    Raises:
        Unknown: it is not on this request.
        NoSuchTarget: there is no such request.
        NotMovable: it was not received.
        Contended: as the name says.
    """
    for attempt in range(ATTEMPTS):
        await pause(attempt)
        left = await get(room.requests, request_id)
        item, filing = await room.items.get(email_id), await room.filings.get(email_id)
        if item is None or (filing is None and item.request_id != request_id):
            raise Unknown("There is no such e-mail on this request.")
        if filing is None:
            raise NotMovable
        if filing.place.request_id != to and not (to is None and filing.began_own(request_id)):
            if filing.place.request_id != request_id:
                raise Unknown("There is no such e-mail on this request.")
            if to is not None and await room.requests.get(to) is None:
                raise NoSuchTarget("is no request")
            moved = filing.moved(to or filing.own_request_id, OtherRequest(left.id, left.number), by, now())
            if not await room.filings.replace(filing, moved):
                continue
            filing = moved
        await _settle(room, filing, item)
        # Moved on by somebody else meanwhile, it is where they put it.
        there = await room.items.get(email_id) or item
        return there, await get(room.requests, there.request_id)
    raise Contended("The e-mail is being moved elsewhere.")


async def take_in_fate(room: Mailroom, request_id: str, item_id: str, delivery: Delivery) -> None:
    """Show what became of a sent e-mail, unless something newer is known. Raises `Unknown`, `Contended`."""

    async def decide(request: Request) -> Change | None:
        item = await room.items.get(item_id)
        if item is None:
            raise Unknown(f"e-mail {item_id}")
        if item.revision >= delivery.version:
            return None
        return Change(request, (replace(item, delivery=delivery, revision=delivery.version),))

    await change_after(room.requests, request_id, decide)


async def _show_checked(room: Mailroom, file_id: str, checked: Checked) -> None:
    for request_id in await room.items.show_checked(file_id, checked.state, checked.refusal):
        await change(room.requests, request_id, Change)  # nothing but its version, which consoles go by


async def _decide(room: Mailroom, item: Item, thread: Thread) -> Filing:
    named = await room.requests.get(thread.request_id) if thread.request_id else None
    by: PlacedBy = thread.by or "follows"
    if named is None:
        before = [filing for one in thread.follows if (filing := await room.filings.get(one))]
        if thread.follows and not before and waits.get() < PATIENCE:
            raise ThreadUnknown(*thread.follows)
        by = "follows"
        named = await room.requests.get(before[0].place.request_id) if before else None
    forged = thread.forged_reply_address
    return file(item.id, named, by, forged=forged, wakes=item.said, at=item.at, reopen=room.reopen)


async def _settle(room: Mailroom, filing: Filing, item: Item) -> None:
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
            arrived, wanted = await _begun(room, filing.place, item, filing.version)
            try:
                await room.requests.insert(arrived, wanted)
            except Taken:
                continue  # by a repeat of this
            return
        arriving = mail.take_in(request, await _placed(room, request, filing, item), aside=aside)
        try:
            if await room.requests.replace(request, next_version(request, arriving)):
                return
        except Taken:
            # Its visitor goes on in another request, and there is one place only for what they write in the chat.
            aside = True
    raise Contended(f"e-mail {item.id}")


async def _placed(room: Mailroom, request: Request, filing: Filing, item: Item) -> Item:
    """The e-mail as it stands on this request."""
    contact = await room.contacts.resolve(request.contact.id) if request.contact else None
    others = [one.email for one in await room.items.emails(request.id, THREAD) if one.email and one.id != item.id]
    email = _email_of(item)
    strange = is_strange(email, request, contact, others)
    author = replace(item.author, id=contact.id if contact and _is_from(email, contact) else "")
    email = replace(email, placed=filing.place.placed, other_sender=strange)
    return replace(item, request_id=request.id, author=author, email=email, revision=filing.version)


async def _begun(room: Mailroom, place: Place, item: Item, version: int) -> tuple[Change, list[ContactWanted]]:
    """A request that the e-mail begins, and what is wanted for it: the contact of a person, not of a machine."""
    email = _email_of(item)
    person = email.sender if email.kind in ("message", "auto_reply") else None
    request = mail.begin(
        place.request_id,
        await room.requests.next_number(),
        channel="email",
        subject=email.subject.strip()[:SUBJECT_LENGTH] or None,
        awaits=email_key(person.email) if person else None,
        at=item.at,
    )
    if sender := email.sender:
        # Lists say who wrote also while there is no contact, or where none is wanted.
        request = replace(request, visitor=Visitor(f"email-{item.id}", sender.name or sender.email, sender.email))
    email = replace(email, placed=place.placed, other_sender=False)
    arriving = replace(item, request_id=request.id, email=email, revision=version)
    wanted = [contact_wanted(request.id, person.email, person.name)] if person else []
    return mail.take_in(request, arriving), wanted


async def _leave(room: Mailroom, filing: Filing, index: int, item: Item) -> None:
    """Take the e-mail off the request that its decision ``index`` took it from."""
    left_id, went = filing.places[index - 1].request_id, filing.places[index]
    line_id, to = f"{filing.email_id}:moved:{index}", await get(room.requests, went.request_id)
    for attempt in range(ATTEMPTS):
        await pause(attempt)
        request = await get(room.requests, left_id)
        if await room.items.get(line_id) is not None or went.by is None:
            return
        line = mail.moved_away(request, line_id, Party(to.id, f"#{to.number}"), by=went.by, at=went.at)
        said = [one for one in await room.items.said(left_id, THREAD) if one.said]
        lost = mail.lose(request, item, line, said[0] if said else None)
        if await room.requests.replace(request, next_version(request, lost)):
            return
    raise Contended(f"e-mail {item.id}")


def _is_from(email: Email, contact: ContactCopy) -> bool:
    return email.sender is not None and email_key(email.sender.email) in contact.email_keys


def _email_of(item: Item) -> Email:
    assert item.email is not None  # noqa: S101  only e-mails are filed
    return item.email
