"""The composition root: the parts are built and joined here, and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from guichet_contracts.subscriptions import LIVE_EVENTS, SUBSCRIPTIONS
from guichet_kit.broker import EventPublisher, LiveFeed, Topology, connect_broker, started
from guichet_kit.health import Health
from guichet_kit.http import create_app
from guichet_kit.mongo import open_client
from guichet_kit.objects import ObjectStore
from guichet_kit.outbox import OutboxRelay

from guichet_attachments.settings import Settings
from guichet_attachments.store import AttachmentStore


def build(settings: Settings) -> FastAPI:
    """The application. It connects to its servers when it starts, not before."""
    health = Health()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            client = open_client(settings.mongodb_url, settings.mongo_driver, "guichet-attachments")
            stack.push_async_callback(client.close)
            objects = ObjectStore(
                settings.s3_endpoint, settings.s3_access_key, settings.s3_secret_key, settings.attachments_bucket
            )
            stack.callback(objects.close)
            feed = LiveFeed()
            topology = Topology(SUBSCRIPTIONS, LIVE_EVENTS)
            broker = connect_broker(settings.rabbitmq_url, "attachments", feed)
            store = AttachmentStore(client.database(f"{settings.database_prefix}attachments"))

            async def broker_connected() -> None:
                if not feed.connected:
                    raise ConnectionError("RabbitMQ is away")

            health.check("mongodb", client.ping)
            health.check("objects", objects.ping)
            health.check("rabbitmq", broker_connected)

            await client.wait_until_ready(settings.start_timeout)
            await store.ensure_indexes()
            await objects.wait_until_ready(settings.start_timeout)
            await stack.enter_async_context(
                started(broker, settings.rabbitmq_url, topology, feed, settings.start_timeout)
            )
            relay = OutboxRelay(EventPublisher(broker, topology), [store.collection])
            await stack.enter_async_context(relay.running())
            yield
            health.draining = True

    return create_app("Guichet attachments", health=health, lifespan=lifespan)
