"""The composition root: the only place where the parts of ``chat`` are built and joined."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from guichet_contracts.subscriptions import LIVE_EVENTS, SUBSCRIPTIONS
from guichet_kit import tasks
from guichet_kit.broker import EventPublisher, LiveFeed, LivePublisher, Topology, connect_broker, started
from guichet_kit.health import Health
from guichet_kit.http import create_app
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES, open_client
from guichet_kit.outbox import OutboxRelay
from guichet_kit.quotas import Quotas
from guichet_kit.tokens import Tokens
from guichet_kit.work import Work

from guichet_chat import consumers
from guichet_chat.api import routes
from guichet_chat.settings import ChatSettings
from guichet_chat.sockets.frames import encode
from guichet_chat.sockets.hub import Hub
from guichet_chat.sockets.session import Live
from guichet_chat.store import Store
from guichet_chat.transcript import Transcripts
from guichet_chat.usecases import Chat

WITHOUT_BROKER_POLL_SECONDS = 2.0
"""While RabbitMQ is away, replicas learn of each other's entries by looking into the log this often."""

log = get_logger(__name__)


def build(settings: ChatSettings) -> FastAPI:
    """The service. Nothing connects before its lifespan begins."""
    replica = new_id()
    topology = Topology(SUBSCRIPTIONS, LIVE_EVENTS)
    feed = LiveFeed()
    broker = connect_broker(settings.rabbitmq_url, "chat", feed)
    mongo = open_client(settings.mongodb_url, settings.mongo_driver, "guichet-chat")
    store = Store(mongo.database(f"{settings.database_prefix}chat"))
    quotas = Quotas(mongo.database(f"{settings.database_prefix}chat"), settings.secret_key, settings.transcripts)
    relay = OutboxRelay(EventPublisher(broker, topology), [store.entries, store.conversations])
    chat = Chat(store, relay)
    hub = Hub(chat.read_log)
    health = Health()
    visitors, agents = Tokens(settings.secret_key, "visitors"), Tokens(settings.secret_key, "agents")
    receipts = Tokens(settings.secret_key, "receipts")
    live = Live(chat, hub, LivePublisher(broker), replica, settings.public_url, receipts)

    async def after_gap() -> None:
        # The live edge was cut: what it missed is in the logs, and in the lists of requests.
        await hub.catch_up_all()
        hub.to_agents(encode("refresh"))

    async def poll_while_cut() -> None:
        while True:
            await asyncio.sleep(WITHOUT_BROKER_POLL_SECONDS)
            if not feed.connected:
                try:
                    await hub.catch_up_all()
                except OUTAGES as error:
                    log.warning("poll_failed", error=str(error)[:200])

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await mongo.wait_until_ready(settings.start_timeout)
        await store.ensure_indexes()
        await quotas.prepare()
        async with started(broker, settings.rabbitmq_url, topology, feed, settings.start_timeout), relay.running():
            feed.when_back(after_gap)
            polling = asyncio.create_task(poll_while_cut())
            log.info("started", replica=replica)
            yield
            health.draining = True
            await tasks.stop(polling)
        await mongo.close()

    consumers.subscribe(broker, hub, store, replica)
    health.check("mongodb", mongo.ping)
    # RabbitMQ is not asked: its absence is no reason to take the replica out, which writes and shows without it.
    app = create_app("Guichet chat", health=health, lifespan=lifespan)
    transcripts = Transcripts(store, relay, quotas, Work(settings.secret_key, "transcripts"))
    app.include_router(routes(live, transcripts, settings, visitors, agents))
    app.state.broker = broker  # for the AsyncAPI document
    return app
