"""What comes in by e-mail: filed by one decision, then brought to where that says, which can be done again.

An agent's move is one more decision. What a crash left undone is done by the repeat: of the event, or of the move.
"""

from dataclasses import replace
from datetime import datetime

from guichet_contracts.attachments import File, Refusal
from guichet_contracts.mailer import Thread
from guichet_kit.clock import now
from guichet_kit.hearings import NotYet, waits

from guichet_requests.email.email import OPEN, Delivery, OtherRequest, PlacedBy, WrittenBy
from guichet_requests.email.filing import Filing, NotMovable, NotReceived, file
from guichet_requests.email.people import writer
from guichet_requests.email.settling import Mailroom, email_of, settle, wrote_it
from guichet_requests.errors import Contended, Unknown
from guichet_requests.file.store import Checked
from guichet_requests.guard import Person
from guichet_requests.request.hearing import PATIENCE
from guichet_requests.request.mail import repeated
from guichet_requests.request.request import Change, Request
from guichet_requests.request.usecases import ATTEMPTS, change, change_after, get, next_version, pause, shown
from guichet_requests.timeline.item import Author, Item


class ThreadUnknown(NotYet):
    """The e-mails that this one follows were not heard of yet: it is to come again later."""


class RepeatedUnknown(NotYet):
    """The e-mail that came once more was not heard of yet."""


class NoSuchTarget(Unknown):
    """The request that an e-mail shall be moved to does not exist."""


async def take_in_email(room: Mailroom, item: Item, thread: Thread) -> None:
    """Put a received e-mail on its request's timeline. A repeat changes nothing.

    ``item`` is as it would stand on any request. What came before its sender was erased, or on the request of somebody
    who was, is left.

    Raises:
        ThreadUnknown: what it follows may still come.
        Contended: others changed it meanwhile, again and again.
    """
    item = await _of_known(room, item)
    known = await room.filings.get(item.id)
    filing = known or await _decide(room, item, thread)
    files = frozenset(file.id for file in item.attachments)
    if await room.guard.forgets(wrote_it(item, filing.place.request_id), item.id, files):
        return
    if known:
        await room.filings.tell_again(known)
    else:
        filing = await room.filings.add(filing)
    await settle(room, filing, item)
    await room.guard.look_again(wrote_it(item))
    for one in item.attachments:
        if one.state == "checking" and (checked := await room.files.checked(one.id)):
            await _show_checked(room, one.id, checked)


async def take_in_file(room: Mailroom, file: File, refusal: Refusal | None = None) -> None:
    """Keep a copy of a file whose checks have ended, and show how, where an e-mail brought it before that."""
    await room.files.keep(file, refusal)
    # After the write: what was told of a file may have waited while whoever it was of was erased.
    if await room.guard.erased(Person(visitor_ids=frozenset({file.owner.id}), file_ids=frozenset({file.id}))):
        await room.files.forget([file.id], ())
    await _show_checked(room, file.id, Checked(refusal))


async def move(room: Mailroom, request_id: str, email_id: str, to: str | None, *, by: Author) -> tuple[Item, Request]:
    """Move a received e-mail to the request ``to``, or to one of its own; the e-mail and the request where it is now.

    A repeat completes the first. An e-mail keeps its time, and is unread where it comes to.

    Raises:
        Unknown: it is not on this request.
        NoSuchTarget: there is no such request.
        NotMovable: it was not received.
        Contended: others changed it meanwhile, again and again.
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
        await settle(room, filing, item)
        await _look_again(room, left, item)
        # Moved on by somebody else meanwhile, it is where they put it.
        there = await room.items.get(email_id) or item
        return there, await get(room.requests, there.request_id)
    raise Contended("The e-mail is being moved elsewhere.")


async def judge(
    room: Mailroom, request_id: str, email_id: str, written_by: WrittenBy, *, by: Author
) -> tuple[Item, Request]:
    """An agent says who wrote a received e-mail, whatever it was taken for; the e-mail and its request after that.

    A person's counts as unread, wakes the request, and its sender becomes the contact of a request that has none.
    A repeat changes nothing.

    Raises:
        Unknown: it is not on this request.
        NotReceived: it was sent.
        Contended: others changed it meanwhile, again and again.
    """
    for attempt in range(ATTEMPTS):
        await pause(attempt)
        request = await get(room.requests, request_id)
        item, filing = await room.items.get(email_id), await room.filings.get(email_id)
        if item is None or item.email is None or item.request_id != request_id:
            raise Unknown("There is no such e-mail on this request.")
        if filing is None:
            raise NotReceived
        if item.email.automatic == (written_by == "machine") and item.revision >= filing.version:
            return item, await get(room.requests, request_id)
        if filing.place.written_by != written_by:
            judged = filing.judged(written_by, by, now())
            if not await room.filings.replace(filing, judged):
                continue
            filing = judged
        await settle(room, filing, item)
        await _look_again(room, request, item)
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
    if delivery.state not in OPEN:
        await room.requests.unanswered.answered(item_id)


async def awaits_fate(room: Mailroom, request_id: str, item_id: str) -> bool:
    """Whether it is still to be heard what became of a sent e-mail. Raises one of the database's errors."""
    if await room.requests.get(request_id) is None:  # read, a request puts on the timeline what a crash left of it
        return False
    item = await room.items.get(item_id)
    return item is not None and item.delivery is not None and item.delivery.state in OPEN


async def _look_again(room: Mailroom, request: Request, item: Item) -> None:
    """A decision was made on an e-mail as it was read: whoever wrote it, or had the request, may be gone by now."""
    await room.guard.look_again(wrote_it(item))
    if request.contact is not None:
        await room.guard.look_again(replace(shown(request.contact), item_ids=frozenset({item.id})))


async def take_in_repeat(room: Mailroom, email_id: str, repeat_id: str, at: datetime) -> None:
    """Tell on its request that an e-mail came once more. A repeat of this changes nothing.

    Raises:
        RepeatedUnknown: the e-mail itself may still come.
        Contended: others changed its request meanwhile, again and again.
    """
    for attempt in range(ATTEMPTS):
        await pause(attempt)
        item = await room.items.get(email_id)
        if item is None:
            if waits.get() < PATIENCE:
                raise RepeatedUnknown(email_id)
            return  # it was erased, or is in quarantine
        line = repeated(item, repeat_id, at)
        if await room.items.get(line.id) is not None:
            return
        request = await get(room.requests, item.request_id)
        if await room.requests.replace(request, next_version(request, Change(request, (line,)))):
            return
    raise Contended(f"e-mail {email_id}")


async def _show_checked(room: Mailroom, file_id: str, checked: Checked) -> None:
    for request_id in await room.items.show_checked(file_id, checked.state, checked.refusal):
        await change(room.requests, request_id, Change)  # nothing but its version, which consoles go by


async def _of_known(room: Mailroom, item: Item) -> Item:
    """A known contact's mail is a person's, where only the signs of a list or a mass mailing spoke against it."""
    email = email_of(item)
    wrote = writer(email)
    weak = email.kind == "bulk" and email.reason in (None, "list", "bulk")
    if not weak or wrote is None or email.forged or await room.contacts.holder_of(wrote.email) is None:
        return item
    return replace(item, email=replace(email, kind="message", why="", reason=None))


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
