"""What the tests of the kit share: names of their own on servers that all tests share, and a patient look."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aio_pika
import pytest
import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from faststream.rabbit import RabbitBroker
from guichet_kit.broker import LiveFeed, Topology, connect_broker, durable_subscriber, started
from guichet_kit.clock import now, to_wire
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database, MongoClient, open_client
from pydantic import BaseModel

WAIT_SECONDS = 20.0


def unique(name: str) -> str:
    """A name that no other test uses."""
    return f"{name}-{secrets.token_hex(4)}"


async def eventually(look: Callable[[], Awaitable[bool]], seconds: float = WAIT_SECONDS) -> None:
    """Return as soon as ``look`` finds what it looks for; `TimeoutError` when it does not."""
    async with asyncio.timeout(seconds):
        while not await look():
            await asyncio.sleep(0.02)


@pytest.fixture(scope="session", autouse=True)
def _plain_tracebacks() -> None:
    """The default tracebacks take seconds each, and errors are provoked here."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


@pytest.fixture(params=["pymongo", "motor"])
async def mongo(request: pytest.FixtureRequest, mongodb_url: str) -> AsyncIterator[MongoClient]:
    """A client of either driver."""
    client = open_client(mongodb_url, request.param, "tests")
    yield client
    await client.close()


@pytest.fixture
async def database(mongo: MongoClient) -> AsyncIterator[Database]:
    """An empty database through either driver."""
    made = mongo.database(unique("test-kit"))
    yield made
    await made.command("dropDatabase")


class Thing(BaseModel):
    """What the events of these tests are about. Handlers take it, so a body without ``data`` is malformed."""

    id: str
    type: str
    data: dict[str, Any]


@dataclass
class Route:
    """An event type, and the durable queue that takes it; both of one test alone, with short retry delays."""

    queue: str
    event_type: str
    topology: Topology
    channel: AbstractChannel

    def event(self, **data: Any) -> dict[str, Any]:
        """An event of this type in its wire form."""
        return {
            "id": new_id(), "source": "guichet/tests", "type": self.event_type, "time": to_wire(now()),
            "subject": "thing", "data": data, "correlationid": "request-1",
        }  # fmt: skip

    async def put(self, body: bytes, **properties: Any) -> None:
        """Put a message into the queue as somebody else might."""
        await self.channel.default_exchange.publish(aio_pika.Message(body, **properties), self.queue)

    async def get(self, suffix: str = "") -> AbstractIncomingMessage:
        """Take the next message out of the queue, or the one beside it with this suffix, as soon as there is one."""
        queue = await self.channel.get_queue(f"{self.queue}{suffix}", ensure=False)
        found: list[AbstractIncomingMessage] = []

        async def look() -> bool:
            if (message := await queue.get(no_ack=True, fail=False)) is not None:
                found.append(message)
            return bool(found)

        await eventually(look)
        return found[0]

    async def count(self, suffix: str = "") -> int:
        """How many messages lie in the queue, unread."""
        declared = await self.channel.declare_queue(f"{self.queue}{suffix}", passive=True)
        return declared.declaration_result.message_count or 0


Handler = Callable[[Thing], Awaitable[None]]


def handled_by(route: Route, handler: Handler, prefetch: int = 16) -> Callable[[RabbitBroker], object]:
    """Registers ``handler`` for the route's durable queue."""
    delays = route.topology.retry_delays
    return lambda broker: durable_subscriber(broker, route.queue, prefetch=prefetch, retry_delays=delays)(handler)


class Inbox:
    """Remembers what a handler got."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self._news = asyncio.Condition()

    async def put(self, thing: Thing) -> None:
        """Remember it."""
        async with self._news:
            self.things.append(thing)
            self._news.notify_all()

    async def holds(self, count: int) -> list[Thing]:
        """Everything so far, once there are ``count``."""
        async with asyncio.timeout(WAIT_SECONDS), self._news:
            await self._news.wait_for(lambda: len(self.things) >= count)
        return self.things


@pytest.fixture(scope="session")
async def channel(rabbitmq_url: str) -> AsyncIterator[AbstractChannel]:
    """A plain channel to look at the shared broker with."""
    async with await aio_pika.connect(rabbitmq_url) as connection:
        yield await connection.channel()


@pytest.fixture
async def route(channel: AbstractChannel) -> AsyncIterator[Route]:
    """A route that nothing has declared yet."""
    queue, event_type = unique("tests.things"), unique("tests.thing.done")
    topology = Topology({queue: (event_type,)}, retry_delays={"short": 50, "long": 200})
    yield Route(queue, event_type, topology, channel)
    for suffix in ("", ".dlq", *(f".retry.{delay}" for delay in topology.retry_delays)):
        await channel.queue_delete(f"{queue}{suffix}")


@asynccontextmanager
async def running(
    url: str,
    topology: Topology,
    subscribe: Callable[[RabbitBroker], Any] = lambda broker: None,
    feed: LiveFeed | None = None,
    timeout: float = 15,
) -> AsyncIterator[RabbitBroker]:
    """A started broker; ``subscribe`` registers its handlers before the start."""
    feed = feed or LiveFeed()
    broker = connect_broker(url, "tests", feed)
    subscribe(broker)
    async with started(broker, url, topology, feed, timeout):
        yield broker
