"""The composition root: the only place where parts are built and joined. Building connects to nothing."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from guichet_contracts.subscriptions import LIVE_EVENTS, RETIRED, SUBSCRIPTIONS
from guichet_kit.broker import EventPublisher, LiveFeed, Topology, connect_broker, started
from guichet_kit.health import Health
from guichet_kit.http import create_app
from guichet_kit.mongo import open_client
from guichet_kit.outbox import OutboxRelay
from guichet_kit.retention import keeping_to
from guichet_kit.revocations import Revocations, revocations_edge

from guichet_contacts import consumers, problems
from guichet_contacts.agents import agents
from guichet_contacts.contact.api import contact_routes
from guichet_contacts.contact.retention import folding_final_merges
from guichet_contacts.contact.staging import StagedContacts
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.exchange import retention
from guichet_contacts.exchange.api import exchange_routes
from guichet_contacts.exchange.store import ImportStore
from guichet_contacts.exchange.worker import ImportWorker
from guichet_contacts.settings import Settings
from guichet_contacts.told import COLLECTION as TOLD
from guichet_contacts.told import ToldStore


def build(settings: Settings) -> FastAPI:
    """The application; its lifespan connects, and waits ``start_timeout`` seconds at most for the servers."""
    mongo = open_client(settings.mongodb_url, settings.mongo_driver, "guichet-contacts")
    database = mongo.database(settings.database)
    feed = LiveFeed()
    broker = connect_broker(settings.rabbitmq_url, "contacts", feed)
    topology = Topology(SUBSCRIPTIONS, LIVE_EVENTS, RETIRED)
    relay = OutboxRelay(EventPublisher(broker, topology), [database["contacts"], database[TOLD]])
    contacts = ContactStore(database, relay, settings.secret_key)
    imports, told = ImportStore(database), ToldStore(database, relay)
    worker = ImportWorker(imports, StagedContacts(contacts), settings.phone_region)
    consumers.subscribe(broker, contacts, settings.phone_region)
    revocations = Revocations()
    edge = revocations_edge(settings.rabbitmq_url, "contacts", revocations)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(mongo.close)
            await mongo.wait_until_ready(settings.start_timeout)
            # First: what is heard as soon as the broker is there relies on one holder of an address.
            await contacts.ensure_indexes()
            await imports.ensure_indexes()
            await told.ensure_indexes()
            await stack.enter_async_context(
                started(broker, settings.rabbitmq_url, topology, feed, settings.start_timeout)
            )
            await stack.enter_async_context(relay.running())
            await stack.enter_async_context(edge.running())
            await stack.enter_async_context(worker.running())
            await stack.enter_async_context(folding_final_merges(contacts))
            await stack.enter_async_context(keeping_to(retention.rules(settings, imports)))
            yield
            health.draining = True

    health = Health()
    health.check("mongodb", mongo.ping)
    health.check("rabbitmq", feed.ping)
    app = create_app("Guichet contacts", health=health, lifespan=lifespan, body_limit=settings.import_max_bytes)
    problems.install(app)
    agent = agents(settings.keys, revocations)
    app.include_router(exchange_routes(contacts, imports, worker, agent, told))
    app.include_router(contact_routes(contacts, agent, settings.phone_region))
    app.state.broker = broker  # for the AsyncAPI document
    return app
