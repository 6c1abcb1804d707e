"""The connection to RabbitMQ: waits for the server at start, keeps the topology whole, and tells when it was away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aio_pika.exceptions import AMQPException
from faststream.rabbit import Channel, RabbitBroker
from prometheus_client import Counter, Gauge

from guichet_kit import tasks
from guichet_kit.broker.hosts import CONNECT_SECONDS, UNREACHABLE, Nodes, connect
from guichet_kit.broker.topology import EVENTS_EXCHANGE, Topology, messages_in
from guichet_kit.logs import get_logger

HEARTBEAT_SECONDS = 15
VERIFY_SECONDS = 20.0
"""Time between two looks whether every queue is there."""

_RECONNECT_SECONDS = 1.0
_GRACE_SECONDS = 10.0
_STOP_SECONDS = _GRACE_SECONDS + 5
_AGAIN_SECONDS = 1.0
_BLOCKED_LOOK_SECONDS = 1.0
_LOOK_SECONDS = 5.0

missing = Counter("guichet_broker_missing_queues_total", "Durable queues that were found missing", ["queue"])
connected = Gauge("guichet_broker_connected", "1 while the broker is connected and takes messages")

log = get_logger(__name__)

Call = Callable[[], Awaitable[None]]


class LiveFeed:
    """Whether the broker is there and takes messages, and who wants to know when it came back."""

    def __init__(self) -> None:
        self._connected = self._blocked = False
        self._when_back: list[Call] = []
        self._telling: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection on which the broker takes messages.

        A broker with a memory or disk alarm keeps the connection and takes nothing
        (https://www.rabbitmq.com/docs/connection-blocked).
        """
        return self._connected and not self._blocked

    @connected.setter
    def connected(self, value: bool) -> None:
        self._connected = value
        connected.set(self.connected)

    def when_back(self, call: Call) -> None:
        """Call ``call`` each time the connection was lost, or a queue was missing; again until it succeeds."""
        self._when_back.append(call)

    async def ping(self) -> None:
        """Raises `ConnectionError` while the broker is away: a check for `Health`."""
        if not self.connected:
            raise ConnectionError("no connection to RabbitMQ, or it takes nothing")

    def blocked(self, value: bool) -> None:
        """The broker takes nothing on this connection, or again does."""
        if value != self._blocked:
            log.warning("broker_takes_nothing" if value else "broker_takes_messages_again")
        self._blocked = value
        connected.set(self.connected)

    async def _lost(self, *_: Any) -> None:
        if self._connected:
            log.warning("broker_lost")
        self.connected = False

    async def _back(self, *_: Any) -> None:
        log.info("broker_back")
        self.connected = True
        self.tell()

    def tell(self) -> None:
        """Tell everybody that something may have been missed; whoever is still being told is told anew."""
        before, self._telling = self._telling, asyncio.create_task(self._tell_all())
        if before is not None:
            before.cancel()

    async def _tell_all(self) -> None:
        # All at once: one that fails or waits must not keep the others from knowing.
        await asyncio.gather(*(self._tell(call) for call in self._when_back))

    async def _tell(self, call: Call) -> None:
        while True:
            try:
                await call()
            except Exception:  # what it needs may be away, too: it is told again until it succeeds
                log.exception("not_told_that_broker_is_back", call=getattr(call, "__qualname__", repr(call)))
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return

    async def close(self) -> None:
        """Tell nobody any more."""
        self.connected = False
        if self._telling is not None:
            await tasks.stop(self._telling)


def connect_broker(url: str, service: str, feed: LiveFeed) -> RabbitBroker:
    """A broker that is not connected yet (see `started`); ``feed`` follows its connection.

    ``url`` may name several nodes (see `Nodes`).
    """
    nodes = Nodes(url, heartbeat=HEARTBEAT_SECONDS)
    broker = RabbitBroker(
        str(nodes.url),
        timeout=CONNECT_SECONDS,
        app_id=f"guichet.{service}",
        default_channel=Channel(on_return_raises=True),
        reconnect_interval=_RECONNECT_SECONDS,
        graceful_timeout=_GRACE_SECONDS,
        on_close=[feed._lost],
        on_reconnected=[feed._back],
        logger=None,
    )
    # FastStream has no way to say it, and hands all of these on to aio_pika.connect_robust.
    broker._connection_kwargs["connection_class"] = nodes.robust()
    return broker


@asynccontextmanager
async def started(
    broker: RabbitBroker, url: str, topology: Topology, feed: LiveFeed, timeout: float
) -> AsyncIterator[None]:  # fmt: skip
    """Wait for RabbitMQ (``timeout`` seconds), declare the topology, and run the broker until the context ends.

    Meanwhile the topology is looked at every `VERIFY_SECONDS` and after each reconnection, until a look succeeds. What
    is missing is declared again, and then everybody who listens to ``feed`` is told: it may have cost messages.

    Raises:
        TimeoutError: RabbitMQ did not answer in time.
    """
    async with asyncio.timeout(timeout):
        await _when_reachable(lambda: _declare(url, topology))
        await _when_reachable(broker.start)
        connection = await broker.connect()  # the one it has by now

        await _bind_by_name(broker, topology, feed)

    look_now = asyncio.Event()

    async def reconnected() -> None:
        look_now.set()

    feed.when_back(reconnected)
    feed.connected = True
    watching = [
        asyncio.create_task(_keep_whole(url, topology, feed, look_now)),
        asyncio.create_task(_watch_blocked(connection, feed)),
    ]
    try:
        yield
    finally:
        await feed.close()
        await tasks.stop(*watching)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await broker.stop()
        except (ExceptionGroup, AMQPException, OSError, RuntimeError, TimeoutError) as error:
            # The connection was lost, and with it what a stop takes leave of.
            log.info("stopped_without_broker", error=repr(error)[:500])
            await connection.close()


async def _bind_by_name(broker: RabbitBroker, topology: Topology, feed: LiveFeed) -> None:
    """Bind what is consumed through the consumer's own queue object, and notice when the broker ends a consumer.

    aio-pika makes a queue anew that was deleted, and then restores the bindings that it knows of: only those made here.
    """
    for subscriber in broker.subscribers:
        queue = getattr(subscriber, "_queue_obj", None)
        if queue is None or queue.name not in topology.subscriptions:
            continue
        for event_type in topology.subscriptions[queue.name]:
            await queue.bind(EVENTS_EXCHANGE, event_type)

        async def ended(*_: Any, name: str = queue.name) -> None:
            log.error("queue_deleted", queue=name)
            missing.labels(name).inc()
            feed.tell()

        async def listen(*_: Any, channel: Any = queue.channel, call: Any = ended) -> None:
            (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(call)

        queue.channel.reopen_callbacks.add(listen)
        await listen()


async def _keep_whole(url: str, topology: Topology, feed: LiveFeed, look_now: asyncio.Event) -> None:
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(look_now.wait(), VERIFY_SECONDS)
        look_now.clear()
        gone = await _when_reachable(lambda: _declare(url, topology))
        for name in gone:
            missing.labels(name).inc()
        if gone:
            log.error("queues_were_missing", queues=gone)
            feed.tell()
            look_now.clear()  # this look was the one that it asks for


async def _declare(url: str, topology: Topology) -> list[str]:
    """Declare and bind everything, also what is there; the names of the queues that were not."""
    connection = await connect(url)
    async with connection:
        gone = await topology.missing(connection)
        await topology.declare(await connection.channel())
    return gone


async def waiting_in(url: str, queue: str) -> int:
    """How many messages lie in a queue, asked for by a connection of its own. Raises `ConnectionError`."""
    try:
        async with asyncio.timeout(_LOOK_SECONDS), await connect(url) as connection:
            return await messages_in(connection, queue) or 0
    except UNREACHABLE as error:
        raise ConnectionError(f"the broker does not say what lies in {queue}: {error!r}") from error


async def _when_reachable(call: Callable[[], Awaitable[Any]]) -> Any:
    waited = False
    while True:
        try:
            return await call()
        except UNREACHABLE as error:
            if not waited:
                log.info("waiting_for_rabbitmq", error=repr(error)[:500])
            waited = True
            await asyncio.sleep(0.25)


async def _watch_blocked(connection: Any, feed: LiveFeed) -> None:
    """Look every second whether the broker has told that it takes nothing on this connection."""
    while True:
        await asyncio.sleep(_BLOCKED_LOOK_SECONDS)
        under = connection.transport
        if under is None or under.connection.is_closed:
            feed.blocked(False)  # the connection is away, which is told otherwise
            continue
        try:
            await asyncio.wait_for(under.connection.ready(), 0.1)
        except TimeoutError:
            feed.blocked(True)
        else:
            feed.blocked(False)
