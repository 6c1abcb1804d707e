"""Writing e-mails on a request: saved on its timeline and submitted to ``mailer`` in one write. And reading them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from guichet_kit.clock import now

from guichet_requests.contact.store import ContactStore
from guichet_requests.email.email import Delivery, Email
from guichet_requests.email.events import email_submitted
from guichet_requests.email.letter import THREAD, Letter, Thread, thread_of
from guichet_requests.errors import Refused
from guichet_requests.request import mail
from guichet_requests.request.request import Request
from guichet_requests.request.store import RequestStore
from guichet_requests.request.usecases import Addition, add_item, change, get
from guichet_requests.timeline.item import Author, Item
from guichet_requests.timeline.store import TimelineStore

PATIENCE_SECONDS = 2.0
"""How long an item is waited for that an agent has seen: the console may hear of a message before we do."""

_LOOK_EVERY_SECONDS = 0.1


class NeverSeen(Refused):
    """What an agent is said to have seen is not on the request's timeline. ``field``: where they said it."""

    def __init__(self, field: str) -> None:
        super().__init__("is not on this request's timeline")
        self.field = field


@dataclass(frozen=True, slots=True)
class Outbox:
    """What writing e-mails works with. ``domain`` is that of their Message-IDs."""

    requests: RequestStore
    items: TimelineStore
    contacts: ContactStore
    domain: str


async def submit(outbox: Outbox, request_id: str, item_id: str, letter: Letter, *, author: Author) -> Item:
    """Save an e-mail and have it sent; a repeat answers the first one. ``item_id`` is a UUID of the caller's making.

    Raises `Unknown`, `IdTaken`, `Contended`.
    """

    async def at_once(_request: Request, _emails: Sequence[Item]) -> Letter:
        return letter

    return await write(outbox, request_id, item_id, at_once, author=author)


async def write(
    outbox: Outbox,
    request_id: str,
    item_id: str,
    compose: Callable[[Request, Sequence[Item]], Awaitable[Letter]],
    *,
    author: Author,
) -> Item:
    """As `submit`, with what ``compose`` writes for the request as it is when it is saved, and its newest e-mails."""

    async def decide(request: Request) -> Addition:
        emails = await outbox.items.emails(request_id, THREAD)
        return add_letter(request, item_id, await compose(request, emails), emails, outbox.domain, author, now())

    return await add_item(outbox.requests, outbox.items, request_id, item_id, decide, by=author)


def add_letter(
    request: Request,
    item_id: str,
    letter: Letter,
    emails: Sequence[Item],
    domain: str,
    author: Author,
    at: datetime,
) -> Addition:
    """The request with one more e-mail, after its newest ``emails``, and the event that has it sent."""
    message_id = f"{item_id}@{domain}"
    item = Item(
        id=item_id,
        request_id=request.id,
        at=at,
        kind="email",
        channel="email",
        direction="outbound",
        author=author,
        text=letter.text if letter.shown is None else letter.shown,
        attachments=letter.attachments,
        email=Email(
            subject=letter.subject,
            to=letter.to,
            cc=letter.cc,
            bcc=letter.bcc,
            mailbox=letter.mailbox,
            message_id=message_id,
            text_signature=letter.signature or "",
            text_quoted=letter.quoted,
            purpose=letter.purpose,
        ),
        delivery=Delivery(state="queued", at=at),
    )
    submitted = email_submitted(request, item_id, letter, _thread(letter, emails), message_id, author, at)
    return mail.send(request, item), (submitted,)


def _thread(letter: Letter, emails: Sequence[Item]) -> Thread:
    """What a mail to somebody else names of the thread is the mail that it forwards: the rest means nothing to them."""
    if letter.forwards is None:
        return thread_of(emails)
    return Thread(None, (letter.forwards,))


async def see(outbox: Outbox, request_id: str, item_id: str) -> Request:
    """Agents have seen the e-mails and forms up to this item. Raises `Unknown`, `NeverSeen`, `Contended`."""
    item = await seen_item(outbox, request_id, item_id, "timeline_id")
    return await change(outbox.requests, request_id, lambda request: mail.see(request, (item.at, item.id)))


async def seen_item(outbox: Outbox, request_id: str, item_id: str, field: str) -> Item:
    """An item that an agent has seen on the request, as they say in ``field``. Raises `Unknown`, `NeverSeen`."""
    until = monotonic() + PATIENCE_SECONDS
    while True:
        await get(outbox.requests, request_id)
        item = await outbox.items.get(item_id)
        if item is not None and item.request_id == request_id:
            return item
        if monotonic() > until:
            raise NeverSeen(field)
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
