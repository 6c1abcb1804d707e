"""The connection to RabbitMQ: waits for the server at start, declares the topology, and tells when it was away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.exceptions import AMQPException
from faststream.rabbit import Channel, RabbitBroker
from yarl import URL

from guichet_kit.broker.topology import Topology
from guichet_kit.logs import get_logger

HEARTBEAT_SECONDS = 15
_RECONNECT_SECONDS = 1.0
_GRACE_SECONDS = 10.0
_STOP_SECONDS = _GRACE_SECONDS + 5

log = get_logger(__name__)


class LiveFeed:
    """Whether the broker is connected, and who wants to know when it came back."""

    def __init__(self) -> None:
        self.connected = False
        self._when_back: list[Callable[[], Awaitable[None]]] = []

    def when_back(self, call: Callable[[], Awaitable[None]]) -> None:
        """Call ``call`` each time the connection was lost and is there again."""
        self._when_back.append(call)

    async def ping(self) -> None:
        """Raises `ConnectionError` while the broker is away: a check for `Health`."""
        if not self.connected:
            raise ConnectionError("no connection to RabbitMQ")

    async def _lost(self, *_: Any) -> None:
        if self.connected:
            log.warning("broker_lost")
        self.connected = False

    async def _back(self, *_: Any) -> None:
        log.info("broker_back")
        self.connected = True
        # All at once: one that fails or waits must not keep the others from knowing.
        await asyncio.gather(*(self._tell(call) for call in self._when_back))

    async def _tell(self, call: Callable[[], Awaitable[None]]) -> None:
        try:
            await call()
        except Exception:
            log.exception("not_told_that_broker_is_back", call=call.__qualname__)


def connect_broker(url: str, service: str, feed: LiveFeed) -> RabbitBroker:
    """A broker that is not connected yet (see `started`); ``feed`` follows its connection."""
    return RabbitBroker(
        str(URL(url).update_query(heartbeat=HEARTBEAT_SECONDS)),
        app_id=f"guichet.{service}",
        default_channel=Channel(on_return_raises=True),
        reconnect_interval=_RECONNECT_SECONDS,
        graceful_timeout=_GRACE_SECONDS,
        on_close=[feed._lost],
        on_reconnected=[feed._back],
        logger=None,
    )


@asynccontextmanager
async def started(
    broker: RabbitBroker, url: str, topology: Topology, feed: LiveFeed, timeout: float
) -> AsyncIterator[None]:  # fmt: skip
    """Wait for RabbitMQ (``timeout`` seconds), declare the topology, and run the broker until the context ends.

    Raises:
        TimeoutError: RabbitMQ did not answer in time.
    """
    async with asyncio.timeout(timeout):
        await _declare_when_reachable(url, topology)
        await broker.start()
        connection = await broker.connect()  # the one it has by now

    async def declare_again() -> None:
        # A broker that came back empty gets its queues and bindings back.
        await _declare_when_reachable(url, topology)

    feed.when_back(declare_again)
    feed.connected = True
    try:
        yield
    finally:
        feed.connected = False
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await broker.stop()
        except (ExceptionGroup, AMQPException, OSError, RuntimeError, TimeoutError) as error:
            # The connection was lost, and with it what a stop takes leave of.
            log.info("stopped_without_broker", error=repr(error)[:500])
            await connection.close()


async def _declare_when_reachable(url: str, topology: Topology) -> None:
    waited = False
    while True:
        try:
            connection = await aio_pika.connect(url, timeout=5)
            async with connection:
                await topology.declare(await connection.channel())
        except (AMQPException, OSError, TimeoutError) as error:
            if not waited:
                log.info("waiting_for_rabbitmq", error=repr(error))
            waited = True
            await asyncio.sleep(0.25)
        else:
            return
