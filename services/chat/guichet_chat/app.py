"""The composition root: the only place where the parts of ``chat`` are built and joined."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from fastapi import FastAPI
from guichet_contracts.claims import AGENTS, RECEIPTS, VISITORS
from guichet_contracts.subscriptions import LIVE_EVENTS, RETIRED, SUBSCRIPTIONS
from guichet_kit import tasks
from guichet_kit.broker import EventPublisher, LiveEdge, LiveFeed, Topology, connect_broker, started
from guichet_kit.health import Health
from guichet_kit.http import create_app
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.mongo import open_client
from guichet_kit.outbox import OutboxRelay
from guichet_kit.quotas import Quotas
from guichet_kit.retention import keeping_to
from guichet_kit.revocations import Revocations
from guichet_kit.tokens import REMEMBERED, Tokens
from guichet_kit.work import Work

from guichet_chat import consumers, retention
from guichet_chat.api import routes
from guichet_chat.conversation import Conversation, Entry
from guichet_chat.log.committer import Committer
from guichet_chat.log.healing import Healing
from guichet_chat.log.known import Known
from guichet_chat.log.outbox import LogOutbox
from guichet_chat.log.store import WriterStore
from guichet_chat.log.telling import keys_besides
from guichet_chat.settings import ChatSettings
from guichet_chat.sockets.agent import serve_agent
from guichet_chat.sockets.bounds import Bounds
from guichet_chat.sockets.customer import serve_customer
from guichet_chat.sockets.edge import Edge
from guichet_chat.sockets.hub import Hub
from guichet_chat.sockets.news import RequestNews
from guichet_chat.sockets.routes import SocketRoutes
from guichet_chat.sockets.session import Live
from guichet_chat.sockets.signed_in import SignedIn
from guichet_chat.store import Store
from guichet_chat.transcript import Transcripts
from guichet_chat.usecases import Chat

SETTLE_SECONDS = 5.0
"""What was being written when the process was to end is waited for so long; who wrote it sends it again elsewhere."""

log = get_logger(__name__)


def build(settings: ChatSettings) -> FastAPI:
    """The service. Nothing connects before its lifespan begins."""
    replica = new_id()
    topology = Topology(SUBSCRIPTIONS, LIVE_EVENTS, RETIRED)
    feed = LiveFeed()
    broker = connect_broker(settings.rabbitmq_url, "chat", feed)
    lines = LiveEdge(settings.rabbitmq_url, "chat", replica)
    mongo = open_client(settings.mongodb_url, settings.mongo_driver, "guichet-chat")
    database = mongo.database(f"{settings.database_prefix}chat")
    store = Store(database, settings.secret_key)
    quotas = Quotas(database, settings.secret_key, settings.transcripts)
    publisher = EventPublisher(broker, topology)
    # Entries of before the log was its own outbox may still carry events.
    relay = OutboxRelay(publisher, [store.entries, store.conversations], also=keys_besides)
    outbox = LogOutbox(store, WriterStore(store, database["writers"]), publisher)
    known = Known(heard=lambda: lines.connected)
    committer = Committer(store, outbox, known)
    chat = Chat(store, relay, committer, known)
    healing = Healing(store, publisher)
    hub = Hub(chat)
    bounds = Bounds()
    edge = Edge(hub, bounds, lines, known, replica)
    bounds.tell = edge.sockets
    news = RequestNews()
    health = Health()
    revocations = Revocations()
    visitors = Tokens(settings.keys, VISITORS, REMEMBERED, of_before=settings.of_before)
    agents = Tokens(settings.keys, AGENTS, REMEMBERED, refuse=revocations.refuse)
    receipts, signed_in = Tokens(settings.keys, RECEIPTS), SignedIn(revocations)
    live = Live(chat, hub, bounds, edge, news, settings.public_url, receipts, signed_in)

    def on_event(event_type: str, events: list[dict[str, Any]]) -> None:
        if event_type == "requests.request.changed.v1":
            news.changed([event["data"]["request"] for event in events])

    def appended(conversation: Conversation, entry: Entry) -> None:
        healing.appended(conversation, entry)
        edge.entry(conversation, entry)

    committer.shown = outbox.late = appended
    chat.renamed, chat.erased = edge.renamed, edge.erased
    lines.on_lines(edge.hear)
    lines.on_events(on_event)
    lines.on_events(revocations.on_events)
    lines.when_back(edge.whole_again)
    feed.when_back(healing.tell)
    # A database that comes back may be one that was restored: nothing remembered may be ahead of it.
    mongo.when_lost(known.clear)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await mongo.wait_until_ready(settings.start_timeout)
        await store.ensure_indexes()
        await quotas.prepare()
        async with (
            started(broker, settings.rabbitmq_url, topology, feed, settings.start_timeout),
            lines.running(),
            relay.running(),
            outbox.running(),
            keeping_to(retention.rules(settings, store)),
        ):
            background = [asyncio.create_task(work()) for work in (edge.keep_looking, healing.tell_for_ever)]
            log.info("started", replica=replica, writer=outbox.writer)
            yield
            health.draining = True
            with suppress(TimeoutError):
                await asyncio.wait_for(committer.settled(), SETTLE_SECONDS)
            await tasks.stop(*background)
        await mongo.close()

    consumers.subscribe(broker, publisher, chat, healing)
    health.check("mongodb", mongo.ping)
    # RabbitMQ is not asked: its absence is no reason to take the replica out, which writes and shows without it.
    app = create_app("Guichet chat", health=health, lifespan=lifespan, farewell=hub.take_leave)
    transcripts = Transcripts(store, relay, quotas, Work(settings.keys, "transcripts"))
    app.include_router(routes(chat, transcripts, settings, visitors, agents))
    app.add_middleware(
        SocketRoutes,
        routes={
            "/chat/v1/socket": partial(serve_customer, tokens=visitors, live=live),
            "/api/v1/live": partial(serve_agent, tokens=agents, live=live),
        },
    )
    app.state.broker = broker  # for the AsyncAPI document
    return app
