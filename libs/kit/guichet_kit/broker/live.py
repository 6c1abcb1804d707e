"""The live edge: what replicas of one service tell each other at once, and nobody keeps.

Each replica has an exclusive queue on ``guichet.live``, on a connection that serves nothing else. Lines are sent
transient; those that were not confirmed when the connection was lost are sent again on the next one. Whether the edge
is whole cannot be told from the connection alone (a broker with a memory alarm keeps it and takes nothing, a deleted
queue leaves it silent), so every replica sends itself a beat: while none comes back, it counts as cut off.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aio_pika
import orjson
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage
from prometheus_client import Counter, Gauge

from guichet_kit import tasks
from guichet_kit.broker.connection import HEARTBEAT_SECONDS
from guichet_kit.broker.hosts import UNREACHABLE, Nodes
from guichet_kit.broker.publish import BATCH
from guichet_kit.broker.topology import LIVE_EXCHANGE
from guichet_kit.logs import get_logger

BEAT_SECONDS = 0.5
CUT_OFF_SECONDS = 2.5
"""Without a beat of its own for so long, a replica counts as cut off."""

GIVE_UP_SECONDS = 10.0
"""Without one for so long, it makes a new connection and a new queue."""

PACE_SECONDS = 0.02
"""Lines go in one message that come within so long of the last one: what comes alone waits for nothing."""

_RECONNECT_SECONDS = 0.5
_DRAIN_SECONDS = 1.0
_AGAIN_SECONDS = 1.0
_WATCH_SECONDS = 0.2
_LINES = "lines"
_MESSAGE_BYTES = 256 << 10
_WAITING_MAX = 20_000
_IN_FLIGHT = 4

unconfirmed = Gauge("guichet_live_unconfirmed_lines", "Lines that the broker has not confirmed yet")
dropped = Counter("guichet_live_dropped_lines_total", "Lines given up because too many waited for the broker")
whole = Gauge("guichet_live_connected", "1 while the live edge is whole for this replica")
cut_offs = Counter("guichet_live_cut_off_total", "Times that the live edge was not whole any more")

log = get_logger(__name__)

OnLines = Callable[[list[bytes]], None]
OnEvents = Callable[[str, list[dict[str, Any]]], None]


class LiveEdge:
    """One replica's end of the live edge.

    ``group`` names whose lines these are (``chat``): replicas of a group hear each other's lines, and the events that
    ``hears`` names, by default all that are shown on the live edge. Events have four words in their types.
    """

    def __init__(self, url: str, group: str, replica: str, hears: Sequence[str] = ("*.*.*.*",)) -> None:
        self._nodes = Nodes(url, heartbeat=HEARTBEAT_SECONDS)
        self._key, self._beat, self._replica = f"{group}.{_LINES}", f"beat.{replica}", replica
        self._hears = tuple(hears)
        self._waiting: deque[bytes] = deque()
        self._sent: dict[int, list[bytes]] = {}
        self._news, self._all_confirmed = asyncio.Event(), asyncio.Event()
        self._numbers = 0
        self._on_lines: list[OnLines] = []
        self._on_events: list[OnEvents] = []
        self._when_back: list[Callable[[], Awaitable[None]]] = []
        self._heard_at = 0.0
        self._was_connected = False

    @property
    def connected(self) -> bool:
        """Whether lines of this replica come back to it: what others send comes, too."""
        return time.monotonic() - self._heard_at < CUT_OFF_SECONDS

    def on_lines(self, call: OnLines) -> None:
        """Call ``call`` with the lines of another replica, in the order in which they were sent; it must not fail."""
        self._on_lines.append(call)

    def on_events(self, call: OnEvents) -> None:
        """Call ``call`` with the type and the wire form of events that are shown on the live edge."""
        self._on_events.append(call)

    def when_back(self, call: Callable[[], Awaitable[None]]) -> None:
        """Call ``call`` each time the edge was cut and is whole again; again until it succeeds."""
        self._when_back.append(call)

    def send(self, line: bytes) -> None:
        """Tell the other replicas; ``line`` has no line feed in it. Returns at once, never fails."""
        self._waiting.append(line)
        if len(self._waiting) > _WAITING_MAX:
            # Whoever missed it looks into the log when the edge is whole again.
            self._waiting.popleft()
            dropped.inc()
        self._news.set()

    async def ping(self) -> None:
        """Raises `ConnectionError` while this replica is cut off."""
        if not self.connected:
            raise ConnectionError("cut off from the live edge")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be on the live edge until the context ends. Does not wait for it: a replica serves without it, too."""
        background = [asyncio.create_task(self._stay_connected()), asyncio.create_task(self._watch())]
        try:
            yield
        finally:
            if self.connected and (self._waiting or self._sent):
                self._all_confirmed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._all_confirmed.wait(), _DRAIN_SECONDS)
            await tasks.stop(*background)

    async def _stay_connected(self) -> None:
        while True:
            try:
                await self._serve()
            except UNREACHABLE as error:
                log.info("live_edge_lost", error=repr(error)[:300])
            # What others send from now until there is another queue comes to nobody here, however soon that is.
            self._heard_at = 0.0
            # What is unconfirmed goes first, in its order.
            for number in sorted(self._sent, reverse=True):
                self._waiting.extendleft(reversed(self._sent.pop(number)))
            unconfirmed.set(len(self._waiting))
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _serve(self) -> None:
        """Send and hear on one connection until it ends, or is silent for too long."""
        connection = await self._nodes.connect()
        async with connection:
            sending = await connection.channel(on_return_raises=False)
            hearing = await connection.channel(publisher_confirms=False)
            exchange = await sending.declare_exchange(LIVE_EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
            queue = await hearing.declare_queue(exclusive=True, auto_delete=True)
            # A beat is for this replica alone.
            for key in (self._key, self._beat, *self._hears):
                await queue.bind(LIVE_EXCHANGE, key)
            await queue.consume(self._hear, no_ack=True)
            begun = time.monotonic()
            sender = asyncio.create_task(self._send_all(exchange))
            try:
                while not connection.is_closed and not sender.done():
                    await asyncio.wait({sender}, timeout=0.5)
                    if time.monotonic() - max(self._heard_at, begun) > GIVE_UP_SECONDS:
                        raise TimeoutError("no beat came back")
                if sender.done():
                    sender.result()
            finally:
                await tasks.stop(sender)

    async def _send_all(self, exchange: AbstractExchange) -> None:
        """Send what waits, several messages in flight; beat when there is nothing else to say."""
        flight: set[asyncio.Task[None]] = set()
        next_at = 0.0
        try:
            while True:
                if len(flight) >= _IN_FLIGHT:
                    done, flight = await asyncio.wait(flight, return_when=asyncio.FIRST_COMPLETED)
                    for one in done:
                        one.result()
                if not self._waiting:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(BEAT_SECONDS):
                            await self._news.wait()
                pause = next_at - time.monotonic()
                if self._waiting and pause > 0:
                    await asyncio.sleep(pause)
                self._news.clear()
                number, lines = self._numbers, self._take()
                self._numbers += 1
                self._sent[number] = lines
                if lines:
                    next_at = time.monotonic() + PACE_SECONDS
                flight.add(asyncio.create_task(self._send_one(exchange, number, lines)))
        finally:
            await tasks.stop(*flight)

    async def _send_one(self, exchange: AbstractExchange, number: int, lines: list[bytes]) -> None:
        message = aio_pika.Message(
            b"\n".join(lines),
            content_type="text/plain",
            type=_LINES,
            app_id=self._replica,
            delivery_mode=aio_pika.DeliveryMode.NOT_PERSISTENT,
        )
        await exchange.publish(message, self._key if lines else self._beat, mandatory=False)
        self._sent.pop(number, None)
        if not self._sent and not self._waiting:
            self._all_confirmed.set()
        unconfirmed.set(len(self._waiting) + sum(len(each) for each in self._sent.values()))

    def _take(self) -> list[bytes]:
        lines, size = list[bytes](), 0
        while self._waiting and size < _MESSAGE_BYTES:
            lines.append(self._waiting.popleft())
            size += len(lines[-1])
        return lines

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        try:
            if message.type == _LINES:
                if message.app_id == self._replica:
                    self._heard_at = time.monotonic()
                elif message.routing_key == self._key and message.body:
                    lines = message.body.split(b"\n")
                    for hear_lines in self._on_lines:
                        hear_lines(lines)
            elif self._on_events:
                read = orjson.loads(message.body)
                events: Sequence[dict[str, Any]] = read if message.content_type == BATCH else [read]
                for hear_events in self._on_events:
                    hear_events(message.type or message.routing_key or "", list(events))
        except Exception:  # the next message is heard all the same
            log.exception("live_message_lost", type=message.type)

    async def _watch(self) -> None:
        """Notice when the edge is cut, and tell when it is whole again, until everybody was told."""
        telling: asyncio.Task[None] | None = None
        try:
            while True:
                await asyncio.sleep(_WATCH_SECONDS)
                now_connected = self.connected
                if now_connected == self._was_connected:
                    continue
                self._was_connected = now_connected
                whole.set(now_connected)
                log.info("live_edge_whole" if now_connected else "live_edge_cut")
                if telling is not None:
                    await tasks.stop(telling)
                    telling = None
                if now_connected:
                    telling = asyncio.create_task(self._tell_all())
                else:
                    cut_offs.inc()
        finally:
            if telling is not None:
                await tasks.stop(telling)

    async def _tell_all(self) -> None:
        await asyncio.gather(*(self._tell(call) for call in self._when_back))

    async def _tell(self, call: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await call()
            except Exception:  # what it needs may be away, too
                log.exception("not_told_that_live_edge_is_whole", call=getattr(call, "__qualname__", repr(call)))
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return
