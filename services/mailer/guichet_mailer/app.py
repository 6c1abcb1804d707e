"""The composition root: the only place where parts are built and joined. Building connects to nothing."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

from fastapi import FastAPI
from guichet_contracts.subscriptions import LIVE_EVENTS, RETIRED, SUBSCRIPTIONS
from guichet_kit import tasks
from guichet_kit.broker import EventPublisher, LiveFeed, Topology, connect_broker, started
from guichet_kit.health import Health
from guichet_kit.http import create_app
from guichet_kit.logs import get_logger
from guichet_kit.mongo import open_client
from guichet_kit.objects import ObjectStore
from guichet_kit.outbox import OutboxRelay
from guichet_kit.retention import keeping_to
from guichet_kit.revocations import Revocations, revocations_edge
from guichet_kit.telemetry import readings_of
from guichet_kit.tokens import Tokens

from guichet_mailer import access, consumers, failures, figures
from guichet_mailer.files import Files
from guichet_mailer.inbound import api as inbound_api
from guichet_mailer.inbound.door import Door
from guichet_mailer.inbound.fetcher import FetchStore, fetching
from guichet_mailer.inbound.listeners import Certificate, Listener, listening
from guichet_mailer.inbound.received import Source
from guichet_mailer.inbound.retention import rules
from guichet_mailer.inbound.store import ReceivedStore
from guichet_mailer.inbound.sweep import RawSweep
from guichet_mailer.inbound.usecases import Reception, process_next, tell_again
from guichet_mailer.mailbox import AddressTokens, Mailboxes
from guichet_mailer.outbound import api as outbound_api
from guichet_mailer.outbound.store import DeliveryStore
from guichet_mailer.outbound.transport import Transport
from guichet_mailer.outbound.usecases import Post, find_lost, send_next
from guichet_mailer.parser import Parsers
from guichet_mailer.settings import Settings
from guichet_mailer.threads import Threading, ThreadStore

PROCESSORS, SENDERS = 4, 4
"""Mails read, and sent, at the same time by one process."""

PARSERS = 2
"""Processes that parse: each may take two gigabytes at its worst."""

LOOK_SECONDS = 0.5
"""Until one of those that do the same work looks again for some, where nothing wakes them."""

UNFILED_SECONDS = 10.0
"""Until it is looked again for mail of which nobody said where it was filed."""

DRAIN_SECONDS = 10.0
"""What is under way at a stop may take so long: a mail that is just being sent would else be uncertain."""

_BODY_OVERHEAD = 64 << 10
_TALKATIVE = ("mail.log", "httpx2")
"""Libraries that write a line, with people's addresses, for each command or call."""

log = get_logger(__name__)


def build(settings: Settings) -> FastAPI:
    """The application; its lifespan connects, and waits ``start_timeout`` seconds at most for the servers."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    mongo = open_client(settings.mongodb_url, settings.mongo_driver, "guichet-mailer")
    database = mongo.database(settings.database)
    raw_mail = ObjectStore(
        settings.s3_endpoint,
        settings.s3_access_key,
        settings.s3_secret_key.get_secret_value(),
        settings.mail_bucket,
        settings.s3_region,
    )
    feed = LiveFeed()
    broker = connect_broker(settings.rabbitmq_url, "mailer", feed)
    topology = Topology(SUBSCRIPTIONS, LIVE_EVENTS, RETIRED)
    received, deliveries, threads = ReceivedStore(database), DeliveryStore(database), ThreadStore(database)
    publisher = EventPublisher(broker, topology)
    relay = OutboxRelay(publisher, [received.collection, deliveries.collection])
    mailboxes = Mailboxes(settings.mailboxes)
    files = Files(settings.attachments_url, settings.secret_key)
    reply_tokens = AddressTokens(settings.secret_key, "reply")
    post = Post(
        store=deliveries,
        threads=threads,
        relay=relay,
        mailboxes=mailboxes,
        files=files,
        transport=Transport(settings.send_timeout),
        reply_tokens=reply_tokens,
        bounce_tokens=AddressTokens(settings.secret_key, "bounce"),
        server=settings.smtp_url.get_secret_value() if settings.smtp_url else None,
        seconds=settings.send_timeout,
        retries=settings.send_retries,
        automatic_per_hour=settings.automatic_per_hour,
    )
    parser = Parsers(settings.parse_timeout, PARSERS)
    reception = Reception(
        store=received,
        objects=raw_mail,
        relay=relay,
        parser=parser,
        threading=Threading(threads, mailboxes, reply_tokens),
        files=files,
        mailboxes=mailboxes,
        post=post,
        lease=timedelta(seconds=settings.process_lease),
        size_limit=settings.mail_size_limit,
        arrived=asyncio.Event(),
        authserv_ids=settings.mail_authserv_ids,
        filed_within=timedelta(seconds=settings.filed_within),
    )
    consumers.subscribe(broker, publisher, reception, settings.secret_key)
    revocations = Revocations()
    edge = revocations_edge(settings.rabbitmq_url, "mailer", revocations)

    async def look_for_lost() -> bool:
        await find_lost(post)
        return False

    # Where there is no mailbox there is nothing to take mail for, and no port is opened.
    ports: tuple[tuple[Source, int], ...] = (
        (("smtp", settings.smtp_port), ("lmtp", settings.lmtp_port)) if mailboxes.all else ()
    )
    listener = Listener(
        reception,
        settings.smtp_host,
        settings.mail_recipients_limit,
        Door(settings.mail_connections, settings.mail_connections_per_address),
        _certificate(settings),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(mongo.close)
            stack.callback(raw_mail.close)
            stack.push_async_callback(files.close)
            stack.push_async_callback(parser.close)
            await asyncio.gather(
                _prepared(mongo.wait_until_ready(settings.start_timeout), received, deliveries, threads),
                raw_mail.wait_until_ready(settings.start_timeout),
            )
            await stack.enter_async_context(
                started(broker, settings.rabbitmq_url, topology, feed, settings.start_timeout)
            )
            await stack.enter_async_context(relay.running())
            await stack.enter_async_context(edge.running())
            await stack.enter_async_context(
                _working(
                    *[_Work(lambda: process_next(reception), reception.arrived, PROCESSORS)] * PROCESSORS,
                    *[_Work(lambda: send_next(post), abreast=SENDERS)] * SENDERS,
                    _Work(look_for_lost),
                    _Work(RawSweep(reception).run),
                    _Work(lambda: tell_again(reception), every=UNFILED_SECONDS),
                )
            )
            await stack.enter_async_context(keeping_to(rules(settings, received, lambda: nullcontext(raw_mail))))
            for source, port in ports:
                await stack.enter_async_context(listening(listener, port, source))
            await stack.enter_async_context(fetching(reception, FetchStore(database), settings.imap_poll))
            yield
            health.draining = True

    health = Health()
    health.check("mongodb", mongo.ping)
    health.check("objects", raw_mail.ping)
    health.check("rabbitmq", feed.ping)
    limit = settings.mail_size_limit + _BODY_OVERHEAD
    app = create_app("Guichet mailer", health=health, lifespan=lifespan, body_limit=limit)
    figures.measure(readings_of(app), received, deliveries)
    app.state.broker = broker  # for the AsyncAPI document
    failures.install(app)
    agent = access.any_agent(Tokens(settings.secret_key, "agents", refuse=revocations.refuse))
    secret = settings.mail_inbound.get_secret_value() if settings.mail_inbound else None
    app.include_router(inbound_api.routes(reception, agent, secret))
    app.include_router(outbound_api.routes(post, agent))
    return app


def _certificate(settings: Settings) -> Certificate | None:
    if settings.mail_tls_cert_file is None or settings.mail_tls_key_file is None:
        return None
    return Certificate(settings.mail_tls_cert_file, settings.mail_tls_key_file)


async def _prepared(ready: Awaitable[None], *stores: ReceivedStore | DeliveryStore | ThreadStore) -> None:
    await ready
    for store in stores:
        await store.ensure_indexes()


@dataclass(frozen=True)
class _Work:
    """What is done again for as long as it says that there is more; ``wake`` is set when more has come."""

    call: Callable[[], Awaitable[bool]]
    wake: asyncio.Event | None = None
    abreast: int = 1
    """How many do this work at the same time: without work each pauses longer, so that together they look as often."""
    every: float = LOOK_SECONDS
    """Seconds, about, between two looks where there is nothing to do."""


@asynccontextmanager
async def _working(*works: _Work) -> AsyncIterator[None]:
    """Do each of the works, until the context ends; what is then under way gets time to end well."""
    stopping = asyncio.Event()

    async def repeat(work: _Work) -> None:
        while not stopping.is_set():
            try:
                more = await work.call()
            except Exception:  # whatever it was, it is logged, and the next round may do better
                log.exception("background_work_failed")
                more = False
            if not more:
                await _pause(work, stopping)

    loops = [asyncio.create_task(repeat(work)) for work in works]
    try:
        yield
    finally:
        stopping.set()
        _, late = await asyncio.wait(loops, timeout=DRAIN_SECONDS)
        await tasks.stop(*late)


async def _pause(work: _Work, stopping: asyncio.Event) -> None:
    """Wait until it is time to look again, something wakes it, or the end has come."""
    # Spread, so that they do not all look at once.
    seconds = work.every * work.abreast * random.uniform(0.5, 1.5)  # noqa: S311  hides nothing
    events = [stopping] if work.wake is None else [stopping, work.wake]
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if work.wake is not None:
        work.wake.clear()
    for wait in waits:
        wait.cancel()
