"""What can be done with mail that comes in. It is stored raw before anything reads it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

from guichet_contracts.addresses import trace_of
from guichet_contracts.mailer import Attachment, Thread
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES
from guichet_kit.objects import ObjectMissing, ObjectStore, StoreUnavailable
from guichet_kit.outbox import Relay, pending
from prometheus_client import Counter

from guichet_mailer import events
from guichet_mailer.files import Files, FilesUnavailable, Infected
from guichet_mailer.inbound.judgement import among_people, reported
from guichet_mailer.inbound.received import Envelope, Quarantine, Received, State
from guichet_mailer.inbound.spool import Spool
from guichet_mailer.inbound.store import ReceivedStore
from guichet_mailer.inbound.whole import addresses_in
from guichet_mailer.mailbox import Mailboxes
from guichet_mailer.outbound.delivery import Delivery
from guichet_mailer.outbound.usecases import Post, mark_bounced
from guichet_mailer.parser import ParserFailed, Parsers
from guichet_mailer.parsing import File, Mail, Unreadable
from guichet_mailer.parsing.authentication import authentication
from guichet_mailer.threads import Threading

MAX_ATTEMPTS = 20
"""Times that processing a mail may begin and not end, before it is set aside.

Many: this process may die for reasons that are not the mail's. What a mail can break is the parser's own process, which
has two attempts.
"""

PARSE_ATTEMPTS = 2
"""Times that the parser may fail on a mail."""

FILES_AT_ONCE = 8
"""Files of one mail that are given to ``attachments`` at the same time."""

FILED_WITHIN_MOST, TOLD_AGAIN_FOR = timedelta(hours=1), timedelta(days=1)
"""How long it is waited at most to hear where a mail was filed, before it is told of again; and for how long that goes
on. Nobody answers for a mail whose sender was erased before it was filed."""

_PAGE = 100

_Error = TypeVar("_Error", bound=Exception)
_PAUSE, _SOON = timedelta(seconds=5), timedelta(seconds=1)
_MAY_PASS: tuple[type[Exception], ...] = (StoreUnavailable, FilesUnavailable, *OUTAGES)
NOT_STORED: tuple[type[Exception], ...] = (StoreUnavailable, *OUTAGES)
"""What `take_in` may raise: nothing was promised, and the sender tries again."""

told_again = Counter("guichet_mailer_told_again_total", "Mails told of again: nobody said where they were filed")
outcomes = Counter("guichet_mailer_received_total", "Mails received, by what became of them", ["outcome"])

log = get_logger(__name__)


class Absent(Exception):
    """There is no such mail."""


class NotInQuarantine(Exception):
    """The mail is not in quarantine, or there is nothing of it to replay."""


@dataclass(frozen=True)
class Reception:
    """What receiving works with. ``size_limit`` in bytes; ``arrived`` wakes whoever processes.

    ``authserv_ids``: of the servers whose word on a mail's sender is believed. ``filed_within``: how long it may
    take to hear where a mail was filed, before it is told of again, the first time.
    """

    store: ReceivedStore
    objects: ObjectStore
    relay: Relay
    parser: Parsers
    threading: Threading
    files: Files
    mailboxes: Mailboxes
    post: Post
    lease: timedelta
    size_limit: int
    arrived: asyncio.Event
    authserv_ids: tuple[str, ...] = ()
    filed_within: timedelta = timedelta(seconds=30)


async def take_in(reception: Reception, raw: bytes, envelope: Envelope) -> str:
    """As `take_in_spooled`, of a mail that is in memory."""
    with Spool(raw) as spool:
        return await take_in_spooled(reception, spool, envelope)


async def take_in_spooled(reception: Reception, spool: Spool, envelope: Envelope) -> str:
    """Store a mail; when this returns its id, it is safe. The same bytes again are the same mail.

    Raises one of `NOT_STORED` where it is not.
    """
    content = spool.digest
    mail = Received(new_id(), State.RECEIVING, envelope, spool.size, f"raw/{content}", now())
    # The document first: bytes that nobody knows of could not be erased.
    mail_id = await reception.store.begin(mail, content)
    if mail_id != mail.id and (await received_mail(reception, mail_id)).state is State.ERASED:
        return mail_id
    await reception.objects.put(f"raw/{content}", spool.opened(), spool.size, "message/rfc822")
    if not await reception.store.stored(mail_id, now()):
        there = await reception.store.get(mail_id)
        if there is None or there.state is State.ABANDONED:
            raise StoreUnavailable("What an earlier attempt left is just being removed.")
        if there.state is State.ERASED:  # meanwhile
            await reception.objects.remove(f"raw/{content}")
    reception.arrived.set()
    return mail_id


async def refuse_large(reception: Reception, name: str, size: int, envelope: Envelope) -> None:
    """Note a mail that is too large to be fetched, and stays where it is under ``name``."""
    detail = f"It has {size} bytes; it is still on the server ({name})."
    mail = Received(new_id(), State.QUARANTINED, envelope, size, None, now(), reason="too_large", detail=detail)
    await reception.store.begin(mail, name)


async def process_next(reception: Reception) -> bool:
    """Process one mail that waits; False when none does. No mail keeps the next one from its turn."""
    mail = await reception.store.claim(now(), reception.lease)
    if mail is None:
        return False
    try:
        await _process(reception, mail)
    except _MAY_PASS as error:
        log.warning("mail_postponed", mail_id=mail.id, error=repr(error))
        await reception.store.postpone(mail, now() + _PAUSE, counted=False)
    except ParserFailed as error:
        if mail.attempts < PARSE_ATTEMPTS:  # it may have been the machine's fault: once more
            await reception.store.postpone(mail, now() + _SOON, counted=True)
        else:
            await _quarantine(reception, mail, "parser_failed", str(error))
    except Quarantine as why:
        await _quarantine(reception, mail, why.reason, why.detail)
    except Exception as error:  # a fault of ours: the mail is kept whole, to be replayed when it is mended
        log.exception("mail_not_processed", mail_id=mail.id)
        await _quarantine(reception, mail, "failure", repr(error)[:500])
    return True


async def _quarantine(reception: Reception, mail: Received, reason: str, detail: str) -> None:
    log.error("mail_quarantined", mail_id=mail.id, reason=reason)
    outcomes.labels(reason).inc()
    await reception.store.settle(mail, State.QUARANTINED, reason=reason, detail=detail)


async def _process(reception: Reception, received: Received) -> None:
    if received.attempts > MAX_ATTEMPTS:
        raise Quarantine("crashed", f"Processing it was begun {MAX_ATTEMPTS} times and never ended.")
    mail = await _parsed(reception, received)
    described: dict[str, Any] = {"sender": mail.sender.email if mail.sender else None, "subject": mail.subject}
    if identity := _identity(mail):
        first = await reception.store.first_with(received, identity)
        if first != received.id:
            outcomes.labels("duplicate").inc()
            outbox = [pending(events.email_repeated(received, first))]
            if await reception.store.settle(received, State.DUPLICATE, outbox, duplicate_of=first, **described):
                reception.relay.offer(reception.store.collection, received.id, outbox)
            if (await received_mail(reception, first)).state is State.ERASED:
                await erase_received(reception, first)  # this copy, too
            return
    delivery, ours = await _reported(reception, mail)
    mail = reported(mail, delivery is not None)
    if delivery is not None and delivery.erased:
        await _note_bounce(reception, delivery, mail)
        await erase_received(reception, received.id)  # a report names whom it is about
        outcomes.labels("erased").inc()
        return
    if delivery is not None:
        thread = Thread(request_id=delivery.email.request_id, by="bounce")
        await _note_bounce(reception, delivery, mail)
    else:
        thread = await reception.threading.thread(mail, received.id, ours)
        mail = among_people(mail, thread, reception.mailboxes)
    # Before its files go over, which may take long: an answer to it may be here by then.
    await reception.threading.remember(mail, received.id, thread.request_id)
    attachments = await _given(reception, received, mail)
    people = (*((mail.sender,) if mail.sender else ()), *mail.reply_to, *mail.to, *mail.cc)
    to_us = list(dict.fromkeys(one.email for one in people if reception.mailboxes.of(one.email)))
    bounced, mailbox = delivery.id if delivery else None, _mailbox(reception, received, mail)
    sender = mail.sender.email if mail.sender else None
    proven = authentication(mail.checks, sender, reception.authserv_ids)
    event = events.email_received(received, mailbox, mail, thread, attachments, bounced, to_us, proven)
    outbox = [pending(event)]
    described["refused"] = [one.id for one in attachments if one.state == "refused"]
    described |= _filing_due(reception, received)
    if await reception.store.settle(received, State.PROCESSED, outbox, **described):
        reception.relay.offer(reception.store.collection, received.id, outbox)
        if not received.told_again:
            outcomes.labels(mail.kind).inc()


def _filing_due(reception: Reception, mail: Received) -> dict[str, datetime]:
    """When the mail is to be told of again, twice as late each time; nothing once that went on for long enough."""
    moment = now()
    if moment - mail.received_at > TOLD_AGAIN_FOR and mail.told_again:
        log.error("mail_never_filed", mail_id=mail.id, told_again=mail.told_again)
        return {}
    wait = reception.filed_within * 2 ** min(mail.told_again, 10)
    return {"filing_due_at": moment + min(wait, FILED_WITHIN_MOST)}


async def tell_again(reception: Reception) -> bool:
    """Process once more one mail of which nobody said in time where it was filed; False when there is none.

    An event is a hint: it is lost when the queue that it lies in is deleted. A repeat changes nothing.
    """
    mail_id = await reception.store.unfiled(now())
    if mail_id is None:
        return False
    log.warning("mail_told_again", mail_id=mail_id)
    told_again.inc()
    reception.arrived.set()
    return True


def _identity(mail: Mail) -> str | None:
    """What the same mail has whichever way it comes: not the Message-ID alone, for programs give several mails one."""
    return f"{mail.message_id}\n{mail.fingerprint}" if mail.message_id else mail.fingerprint


async def _note_bounce(reception: Reception, delivery: Delivery, mail: Mail) -> None:
    """Before the mail is settled: a crash in between repeats it, and a repeat changes nothing."""
    if mail.bounce is None or mail.feedback_type is not None:
        return  # what somebody complains about has arrived
    failed = {
        one.email: f"{one.status} {one.diagnostic}".strip() for one in mail.bounce.recipients if one.fate == "failed"
    }
    if not mail.bounce.recipients and mail.bounce.fate == "failed":
        failed = dict.fromkeys(delivery.addresses[:1] if len(delivery.addresses) == 1 else (), "")
    if failed:
        await mark_bounced(reception.post, delivery.id, failed)


async def _parsed(reception: Reception, received: Received) -> Mail:
    try:
        async with raw_of(reception, received) as chunks:
            raw = b"".join([chunk async for chunk in chunks])
        return await reception.parser.parse(raw, received.envelope.recipients, received.envelope.null_sender)
    except ObjectMissing:
        raise Quarantine("lost", "The store has lost its bytes.") from None
    except Unreadable as error:
        raise Quarantine(error.reason, error.detail) from None


async def _given(reception: Reception, received: Received, mail: Mail) -> list[Attachment]:
    """The files of a mail, `FILES_AT_ONCE` at a time: hundreds of small ones are done in seconds."""
    slots = asyncio.Semaphore(FILES_AT_ONCE)
    renewed = monotonic()

    async def give(index: int, file: File) -> Attachment:
        nonlocal renewed
        async with slots:
            if monotonic() - renewed > reception.lease.total_seconds() / 6:
                renewed = monotonic()
                await reception.store.renew(received, now() + reception.lease)  # each file may take its time
            return await reception.files.give(received.id, index, file)

    await reception.store.renew(received, now() + reception.lease)
    try:
        async with asyncio.TaskGroup() as group:
            given = [group.create_task(give(index, file)) for index, file in enumerate(mail.files)]
    except* Infected as infected:
        raise Quarantine("infected", f"A virus was found in {_first(infected).name}.") from None
    except* FilesUnavailable as unavailable:
        raise FilesUnavailable(str(_first(unavailable))) from None
    return [one.result() for one in given]


def _first(group: BaseExceptionGroup[_Error]) -> _Error:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


async def _reported(reception: Reception, mail: Mail) -> tuple[Delivery | None, frozenset[str]]:
    """The delivery that a report is about, or would be, and the tokens in its addresses that say so."""
    post = reception.post
    tokens = {token: post.bounce_tokens.verify(token) for token in reception.mailboxes.tokens(mail.addressed)}
    ours = frozenset(token for token, item in tokens.items() if item)
    bounce = mail.bounce or mail.suspected
    if bounce is None:
        return None, ours
    # Only what mail servers answer to knows the token; automatic replies answer to it, too.
    for token in ours if mail.bounce or mail.kind == "message" else ():
        if delivery := await post.store.get(tokens[token] or ""):
            return delivery, ours
    return await post.store.with_message_id(bounce.message_ids) if bounce.message_ids else None, ours


def _mailbox(reception: Reception, received: Received, mail: Mail) -> str | None:
    if received.envelope.mailbox:
        return received.envelope.mailbox
    found = (reception.mailboxes.of(address) for address in mail.addressed)
    return next((mailbox.id for mailbox in found if mailbox), None)


async def received_mail(reception: Reception, mail_id: str) -> Received:
    """The mail; `Absent` where there is none."""
    mail = await reception.store.get(mail_id)
    if mail is None:
        raise Absent
    return mail


@asynccontextmanager
async def raw_of(reception: Reception, mail: Received) -> AsyncIterator[AsyncIterator[bytes]]:
    """The mail as it came; `ObjectMissing` where there is nothing."""
    if mail.object is None:
        raise ObjectMissing(mail.id)
    async with reception.objects.open(mail.object) as chunks:
        yield chunks


async def erase_received(reception: Reception, mail_id: str) -> None:
    """Forget a mail, and others that were the same, wherever they are on their way. It may be repeated.

    Raises `StoreUnavailable` where the bytes could not be removed: what the database knew is gone already.
    """
    for mail in await reception.store.erase(mail_id):
        await reception.objects.remove(str(mail.object))
        await reception.store.without_bytes(mail)


async def drop_raw(reception: Reception, mail_id: str) -> None:
    """Let go of the bytes of a mail that was taken in; what is known of it stays. It may be repeated."""
    for mail in await reception.store.with_bytes(mail_id):
        await reception.objects.remove(str(mail.object))
        await reception.store.without_bytes(mail)


async def erase_quarantined(reception: Reception, traces: frozenset[str], until: datetime, secret: bytes) -> None:
    """Forget the mails in quarantine that came up to then and name one of the addresses in their first lines.

    ``traces`` is what `trace_of` makes of the addresses. Nothing else knows whose these mails are: they could not be
    read, or not be taken in.
    """
    after = ""
    while traces and (held := await reception.store.quarantined_until(until, after, _PAGE)):
        for mail in held:
            if any(trace_of(secret, one) in traces for one in await addresses_in(reception.objects, mail)):
                await erase_received(reception, mail.id)
        after = held[-1].id


async def replay(reception: Reception, mail_id: str) -> Received:
    """Let a mail out of quarantine, through everything again.

    Raises:
        Absent: there is no such mail.
        NotInQuarantine: it is not there, or there is nothing of it to replay.
    """
    if not await reception.store.replay(mail_id, now()):
        await received_mail(reception, mail_id)
        raise NotInQuarantine
    reception.arrived.set()
    return await received_mail(reception, mail_id)
