"""The composition root: the parts are built and joined here, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from guichet_contracts.claims import RECEIPTS
from guichet_contracts.subscriptions import LIVE_EVENTS, RETIRED, SUBSCRIPTIONS
from guichet_kit import tasks
from guichet_kit.broker import EventPublisher, LiveFeed, Topology, connect_broker, started
from guichet_kit.health import Health
from guichet_kit.http import create_app
from guichet_kit.logs import get_logger
from guichet_kit.mongo import open_client
from guichet_kit.objects import ObjectStore
from guichet_kit.outbox import OutboxRelay
from guichet_kit.revocations import Revocations, revocations_edge
from guichet_kit.telemetry import readings_of
from guichet_kit.tokens import Tokens

from guichet_attachments import api, consumers, failures, figures
from guichet_attachments.access import people, people_and_mailer
from guichet_attachments.checks import check_waiting_files
from guichet_attachments.deps import Lifetimes, Parts
from guichet_attachments.examine import Examiner
from guichet_attachments.lanes import Lanes
from guichet_attachments.settings import Settings
from guichet_attachments.store import AttachmentStore
from guichet_attachments.sweep import sweep
from guichet_attachments.usage import Allowances
from guichet_attachments.virus import Clamd, NoScanner

CHECK_SECONDS = 2.0

log = get_logger(__name__)


def build(settings: Settings) -> FastAPI:
    """The application. It connects to its servers when it starts, not before."""
    client = open_client(settings.mongodb_url, settings.mongo_driver, "guichet-attachments")
    feed, topology = LiveFeed(), Topology(SUBSCRIPTIONS, LIVE_EVENTS, RETIRED)
    broker = connect_broker(settings.rabbitmq_url, "attachments", feed)
    database = client.database(f"{settings.database_prefix}attachments")
    store = AttachmentStore(database)
    allowances = Allowances(database, settings.secret_key, settings.allowances)
    publisher = EventPublisher(broker, topology)
    relay = OutboxRelay(publisher, [store.collection])
    objects = ObjectStore(
        settings.s3_endpoint, settings.s3_access_key, settings.s3_secret_key, settings.attachments_bucket
    )
    parts = Parts(
        store=store,
        objects=objects,
        relay=relay,
        examiner=Examiner(Lanes(settings.examinations)),
        scanner=Clamd(settings.clamd) if settings.clamd else NoScanner(),
        receipts=Tokens(settings.keys, RECEIPTS),
        lifetimes=Lifetimes(
            receipt=timedelta(seconds=settings.receipt_lifetime),
            orphan=timedelta(seconds=settings.orphans_after),
            receiving=timedelta(seconds=settings.upload_timeout),
        ),
        allowances=allowances,
        keep_unlisted=settings.unlisted_files == "keep",
    )
    consumers.subscribe(broker, publisher, parts)
    revocations = Revocations()
    edge = revocations_edge(settings.rabbitmq_url, "attachments", revocations)

    health = Health()
    health.check("mongodb", client.ping)
    health.check("objects", objects.ping)
    health.check("rabbitmq", feed.ping)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(client.close)
            stack.callback(objects.close)
            stack.push_async_callback(parts.examiner.close)
            await client.wait_until_ready(settings.start_timeout)
            await store.ensure_indexes()
            await allowances.ensure_indexes()
            await objects.wait_until_ready(settings.start_timeout)
            await stack.enter_async_context(
                started(broker, settings.rabbitmq_url, topology, feed, settings.start_timeout)
            )
            await stack.enter_async_context(relay.running())
            await stack.enter_async_context(edge.running())
            await stack.enter_async_context(_repeating(CHECK_SECONDS, lambda: check_waiting_files(parts)))
            await stack.enter_async_context(_repeating(settings.sweep_every, lambda: sweep(parts)))
            yield
            health.draining = True

    app = create_app(
        "Guichet attachments",
        health=health,
        lifespan=lifespan,
        body_limit=settings.upload_limit + api.FORM_OVERHEAD,
    )
    failures.install(app)
    who = people(settings.keys, revocations, settings.of_before)
    callers = api.Callers(
        who,
        giving=people_and_mailer(settings.keys, who, "files:give"),
        reading=people_and_mailer(settings.keys, who, "files:read"),
    )
    app.include_router(api.routes(parts, callers, settings.upload_limit, settings.upload_timeout))
    figures.measure(readings_of(app), store, parts.scanner)
    app.state.broker = broker  # for the AsyncAPI document
    return app


@asynccontextmanager
async def _repeating(seconds: float, work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Do the work now, and again ``seconds`` after each end of it, until the context ends."""

    async def repeat() -> None:
        while True:
            try:
                await work()
            except Exception:  # whatever it was, it is logged, and the next round may do better
                log.exception("background_work_failed")
            await asyncio.sleep(seconds)

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        await tasks.stop(task)
