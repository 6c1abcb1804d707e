"""The composition root: the only place where parts are built and joined. Building connects to nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from guichet_contracts.subscriptions import LIVE_EVENTS, SUBSCRIPTIONS
from guichet_kit.broker import LiveFeed, Topology, connect_broker, started
from guichet_kit.health import Health
from guichet_kit.http import create_app
from guichet_kit.mongo import open_client
from guichet_kit.objects import ObjectStore

from guichet_mailer.settings import Settings


def build(settings: Settings) -> FastAPI:
    """The application; its lifespan connects, and waits ``start_timeout`` seconds at most for the servers."""
    mongo = open_client(settings.mongodb_url, settings.mongo_driver, "guichet-mailer")
    raw_mail = ObjectStore(
        settings.s3_endpoint,
        settings.s3_access_key,
        settings.s3_secret_key.get_secret_value(),
        settings.mail_bucket,
        settings.s3_region,
    )
    feed = LiveFeed()
    broker = connect_broker(settings.rabbitmq_url, "mailer", feed)
    topology = Topology(SUBSCRIPTIONS, LIVE_EVENTS)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(mongo.close)
            stack.callback(raw_mail.close)
            await asyncio.gather(
                mongo.wait_until_ready(settings.start_timeout),
                raw_mail.wait_until_ready(settings.start_timeout),
                stack.enter_async_context(
                    started(broker, settings.rabbitmq_url, topology, feed, settings.start_timeout)
                ),
            )
            yield
            health.draining = True

    health = Health()
    health.check("mongodb", mongo.ping)
    health.check("objects", raw_mail.ping)
    health.check("rabbitmq", feed.ping)
    app = create_app("Guichet mailer", health=health, lifespan=lifespan)
    app.state.broker = broker  # for the AsyncAPI document
    return app
