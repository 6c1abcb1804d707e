"""What can be done with mail that goes out. State and event are saved together."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from guichet_contracts.requests import SubmittedEmail
from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.outbox import Relay, pending
from prometheus_client import Counter

from guichet_mailer import events
from guichet_mailer.files import FileGone, Files, FilesUnavailable, FileUnknown
from guichet_mailer.mailbox import AddressTokens, Mailbox, Mailboxes
from guichet_mailer.outbound.compose import Unsendable, ascii_address, compose, now_for_date
from guichet_mailer.outbound.delivery import Delivery, IllegalMove, State
from guichet_mailer.outbound.store import DeliveryStore
from guichet_mailer.outbound.transport import RefusedForGood, Taken, Transport, TryLater, Unsure
from guichet_mailer.threads import ThreadStore

FILE_ATTEMPTS = 2
"""Attempts that may fail for a file that ``attachments`` does not know, before the next is the last."""

BOUNCED_LIMIT, BOUNCED_TRIES = 100, 5
"""Addresses of one report that are noted, and times that a delivery may move away while it is told of them."""

states = Counter("guichet_mailer_deliveries_total", "Deliveries by the state they came into", ["state"])

log = get_logger(__name__)


class Absent(Exception):
    """There is no such delivery."""


@dataclass(frozen=True)
class Post:
    """What sending works with. ``retries``: seconds until each next attempt; ``server``: for mailboxes without one."""

    store: DeliveryStore
    threads: ThreadStore
    relay: Relay
    mailboxes: Mailboxes
    files: Files
    transport: Transport
    reply_tokens: AddressTokens
    bounce_tokens: AddressTokens
    server: str | None
    seconds: float
    retries: Sequence[float]
    automatic_per_hour: int


async def accept_submission(post: Post, email: SubmittedEmail) -> None:
    """Take an e-mail to be sent; a repeat is answered with where it stands, for the first answer may have been lost."""
    references = [email.message_id, *([email.in_reply_to] if email.in_reply_to else []), *email.references]
    await post.threads.remember(list(dict.fromkeys(references)), email.request_id, None)
    moment = now()
    delivery = Delivery.of(email, moment)
    if email.automatic:
        counts = [await post.store.count_automatic(one.email, email.item_id, moment) for one in (*email.to, *email.cc)]
        if max(counts, default=0) > post.automatic_per_hour:
            delivery = delivery.moved(State.FAILED, moment, detail="too many automatic mails: a loop?")
    outbox = [pending(events.delivery_changed(delivery))]
    if await post.store.begin(delivery, outbox):
        post.relay.offer(post.store.collection, delivery.id, outbox)
        states.labels(delivery.state).inc()
    elif known := await post.store.get(delivery.id):
        outbox = [pending(events.delivery_changed(known))]
        if await post.store.tell(known, outbox):
            post.relay.offer(post.store.collection, known.id, outbox)


async def send_next(post: Post) -> bool:
    """Try one delivery that is due; False when none is."""
    delivery = await post.store.claim(now(), timedelta(seconds=post.seconds * 4))
    if delivery is None:
        return False
    mailbox = post.mailboxes.named(delivery.email.mailbox)
    server = mailbox.smtp_url.get_secret_value() if mailbox and mailbox.smtp_url else post.server
    if mailbox is None or server is None:
        await _fail(post, delivery, "no mailbox, or no mail server, is set for it")
    elif not delivery.turn and (turn := await post.store.next_turn(mailbox, now())) > now():
        await post.store.wait_for_turn(delivery, turn)
    else:
        await _try(post, delivery, mailbox, server)
    return True


async def _try(post: Post, delivery: Delivery, mailbox: Mailbox, server: str) -> None:
    try:
        mail = await _composed(post, delivery, mailbox)
        sender = mailbox.with_token(post.bounce_tokens.issue(delivery.id))
        recipients = {ascii_address(one): one for one in delivery.left}
    except (Unsendable, FileGone, ValueError) as error:
        await _fail(post, delivery, f"it cannot be written: {error}")
        return
    except FileUnknown as error:
        if delivery.attempts < FILE_ATTEMPTS:
            await _later(post, replace(delivery, attempts=delivery.attempts + 1), str(error))
        else:
            await _fail(post, delivery, str(error))
        return
    except FilesUnavailable as error:
        await _later(post, replace(delivery, attempts=delivery.attempts + 1), str(error))
        return
    try:
        async with post.transport.session(server, mailbox.domain) as session:
            taken = await session.envelope(sender, list(recipients))
            if taken.accepted:
                # From here on, until the server's answer is written down, a crash leaves it uncertain.
                sending = delivery.tried(now(), now() + timedelta(seconds=post.seconds * 2))
                if not await _move(post, delivery, sending):
                    return
                delivery = sending
                words = await session.content(mail)
            else:
                words = taken.detail or ""
    except Unsure as error:
        if await _move(post, delivery, delivery.moved(State.UNCERTAIN, now(), detail=str(error))):
            await _tell_bounced(post, delivery.id)
    except TryLater as error:
        attempts = delivery.attempts + (delivery.state is State.QUEUED)
        await _later(post, replace(delivery, attempts=attempts), str(error))
    except RefusedForGood as error:
        await _fail(post, delivery, str(error))
    else:
        await _settle(post, delivery, taken, words)


async def _settle(post: Post, delivery: Delivery, taken: Taken, words: str) -> None:
    """Write down what the server took, refused, and wants to be asked again for."""
    known = replace(delivery, left=taken.later, refused=(*delivery.refused, *taken.refused))
    refusals = "; ".join(f"{one.email}: {one.detail}" for one in known.refused)
    if known.left:
        attempts = known.attempts + (known.state is State.QUEUED)
        await _later(post, replace(known, attempts=attempts), taken.detail or words)
    elif known.reached:
        if await _move(post, known, known.moved(State.SENT, now(), detail=refusals or None)):
            await _tell_bounced(post, known.id)
    else:
        await _fail(post, known, refusals or words)


async def _composed(post: Post, delivery: Delivery, mailbox: Mailbox) -> bytes:
    email = delivery.email
    agent = email.author.id if email.author else "mailer"
    files = [(file, await post.files.fetch(file.id, agent)) for file in email.attachments]
    reply_to = mailbox.with_token(post.reply_tokens.issue(email.request_id))
    return await asyncio.to_thread(compose, email, mailbox, reply_to, files, now_for_date())


async def _later(post: Post, delivery: Delivery, detail: str) -> None:
    """Try again after a while that grows; not for ever."""
    if delivery.attempts > len(post.retries):
        await _fail(post, delivery, f"given up after {delivery.attempts} attempts: {detail}")
        return
    moment = now()
    due = moment + timedelta(seconds=post.retries[delivery.attempts - 1])
    await _move(post, delivery, delivery.moved(State.QUEUED, moment, detail=detail, due_at=due))


async def _fail(post: Post, delivery: Delivery, detail: str) -> None:
    if await _move(post, delivery, delivery.moved(State.FAILED, now(), detail=detail)):
        await _tell_bounced(post, delivery.id)


async def _move(post: Post, before: Delivery, after: Delivery) -> bool:
    outbox = [pending(events.delivery_changed(after))]
    if not await post.store.move(before, after, outbox):
        log.warning("delivery_moved_meanwhile", delivery_id=before.id, wanted=after.state)
        return False
    post.relay.offer(post.store.collection, after.id, outbox)
    states.labels(after.state).inc()
    log.info("delivery_changed", delivery_id=after.id, state=after.state, attempts=after.attempts)  # words name people
    return True


async def find_lost(post: Post) -> None:
    """Make uncertain what was being sent when its sender died: the server may have it."""
    while delivery := await post.store.lost(now()):
        detail = "the mailer stopped after the server had begun to take the mail: it may have arrived, or not"
        if await _move(post, delivery, delivery.moved(State.UNCERTAIN, now(), detail=detail)):
            await _tell_bounced(post, delivery.id)


async def delivery_of(post: Post, delivery_id: str) -> Delivery:
    """The delivery; `Absent` where there is none."""
    delivery = await post.store.get(delivery_id)
    if delivery is None:
        raise Absent
    return delivery


async def resend(post: Post, delivery_id: str) -> Delivery:
    """Send it again, because a person says so; `IllegalMove` where it is on its way, or arrived."""
    before = await delivery_of(post, delivery_id)
    return await _decide(post, before, before.again(now()))


async def confirm(post: Post, delivery_id: str) -> Delivery:
    """It did arrive, a person says; `IllegalMove` where that was not in doubt."""
    before = await delivery_of(post, delivery_id)
    if before.state is not State.UNCERTAIN:
        raise IllegalMove(f"{before.state} is not in doubt")
    return await _decide(post, before, before.moved(State.SENT, now(), detail="confirmed by a person"))


async def _decide(post: Post, before: Delivery, after: Delivery) -> Delivery:
    if not await _move(post, before, after):
        raise IllegalMove("it changed meanwhile")
    return after


async def erase_delivery(post: Post, item_id: str) -> None:
    """Forget what an e-mail said, and to whom; one that comes only later is not sent. It may be repeated."""
    while True:
        delivery = await post.store.get(item_id)
        if delivery is None:
            if await post.store.begin(Delivery.never(item_id, now()), ()):
                return
        elif delivery.erased:
            return
        else:
            after = delivery.forgotten(now())
            outbox = [pending(events.delivery_changed(after))]
            if await post.store.forget(delivery, after, outbox):
                post.relay.offer(post.store.collection, after.id, outbox)
                return


async def mark_bounced(post: Post, delivery_id: str, failed: Mapping[str, str]) -> None:
    """Reports say that it did not arrive at these addresses, and why. It may be repeated.

    They are noted in any state: one may come while another address is still tried, or before the server's answer to the
    mail is written down. Whoever then writes the next state tells of them (see `_tell_bounced`).
    """
    for email, detail in list(failed.items())[:BOUNCED_LIMIT]:
        await post.store.add_bounced(delivery_id, email[:320], detail[:300])
    await _tell_bounced(post, delivery_id)


async def _tell_bounced(post: Post, delivery_id: str) -> None:
    """Move a delivery of which reports are noted that its state does not tell yet."""
    for _ in range(BOUNCED_TRIES):
        delivery = await post.store.get(delivery_id)
        if delivery is None or delivery.state is State.SENDING or not (delivery.bounced or delivery.erased):
            return
        if delivery.erased and delivery.state not in (State.SENT, State.UNCERTAIN):
            return
        after = delivery.returned(now())
        if (after.state, after.detail) == (delivery.state, delivery.detail) or await _move(post, delivery, after):
            return
