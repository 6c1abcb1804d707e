"""Parked messages: an operator lists them, reads them, sends them round again or drops them.

A message leaves the parking only after the broker has confirmed that it is in its queue again, so a command that is
killed in between leaves it in both: consumers tolerate that. Messages that were only looked at go back to their place.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aio_pika
import orjson
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import AMQPException, ChannelNotFoundEntity

from guichet_kit.broker.consume import ATTEMPT_HEADER, ERROR_HEADER, TRACE_HEADER, WAITS_HEADER
from guichet_kit.broker.hosts import UNREACHABLE, connect
from guichet_kit.broker.publish import PUBLISH_TIMEOUT, PublishFailed

CONNECT_SECONDS = 5.0
_PARKING = ".dlq"
# What tells of the failed attempts: a replay is a first attempt again.
_OF_ATTEMPTS = (
    ATTEMPT_HEADER, WAITS_HEADER, ERROR_HEADER, TRACE_HEADER, "x-death", "x-first-death", "x-last-death",
    "x-delivery-count", "x-acquired-count",
)  # fmt: skip
# RabbitMQ 4 removes a message of a quorum queue that was returned 20 times, where nothing else is declared. Before that
# a message that is only looked at is put back as a new one.
_RETURNS_MOST = 10
_BY_THE_BROKER = "delivery_limit"


class NoSuchQueue(Exception):
    """There is no parking of that queue."""


class BrokerAway(Exception):
    """RabbitMQ does not answer; the text says how."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that could not be handled. ``error`` and ``attempts`` are what its consumer noted.

    ``traceback`` is there where the consumer noted one; ``trace`` is the id under which the logs tell of it.
    """

    queue: str
    id: str
    type: str | None
    error: str | None
    attempts: int
    size: int
    traceback: str | None
    trace: str | None
    correlation_id: str | None
    published_at: datetime | None
    body: bytes

    @property
    def content(self) -> Any:
        """The body as JSON, or as text where it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return self.body.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Depth:
    """How full a queue is: messages that are ready, and how many consumers it has. None: there is no such queue."""

    queue: str
    messages: int | None
    consumers: int | None


class DeadLetters:
    """The parkings of one broker."""

    def __init__(self, connection: aio_pika.abc.AbstractConnection) -> None:
        self._connection = connection

    async def depths(self, queues: Sequence[str]) -> list[Depth]:
        """How full the queues are."""
        found = []
        for queue in queues:
            try:
                async with self._channel() as channel:
                    declared = (await channel.declare_queue(queue, passive=True)).declaration_result
            except ChannelNotFoundEntity:
                found.append(Depth(queue, None, None))
            else:
                found.append(Depth(queue, declared.message_count, declared.consumer_count))
        return found

    async def list(self, queue: str, limit: int | None = None) -> list[Parked]:
        """What is parked of ``queue``, the oldest first. Raises `NoSuchQueue`."""
        parked: list[Parked] = []

        async def look(message: AbstractIncomingMessage) -> bool:
            parked.append(_parked(queue, message))
            return False

        await self._walk(queue, look, limit)
        return parked

    async def replay(self, queue: str, ids: Collection[str] | None = None) -> int:
        """Send the messages of these ids (None: all) round again; returns how many. Raises `NoSuchQueue`.

        A message that the broker does not take stays parked, and `PublishFailed` is raised.
        """
        done = 0

        async def again(message: AbstractIncomingMessage) -> bool:
            nonlocal done
            if not _chosen(message, ids):
                return False
            await self._send_again(queue, message)
            done += 1
            return True

        await self._walk(queue, again)
        return done

    async def drop(self, queue: str, ids: Collection[str] | None = None) -> int:
        """Remove the messages of these ids (None: all) for good; returns how many. Raises `NoSuchQueue`."""
        done = 0

        async def away(message: AbstractIncomingMessage) -> bool:
            nonlocal done
            chosen = _chosen(message, ids)
            done += chosen
            return chosen

        await self._walk(queue, away)
        return done

    async def _walk(self, queue: str, act: Callable[[AbstractIncomingMessage], Any], limit: int | None = None) -> None:
        """Show each parked message to ``act``; those for which it says so are acknowledged, the others go back."""
        async with self._channel() as channel:
            try:
                parking = await channel.declare_queue(queue + _PARKING, passive=True)
            except ChannelNotFoundEntity:
                raise NoSuchQueue(f"there is no queue {queue}{_PARKING}") from None
            # Until the queue gives no more: the count that it tells may be some seconds old.
            held: list[AbstractIncomingMessage] = []
            try:
                while limit is None or len(held) < limit:
                    message = await parking.get(no_ack=False, fail=False)
                    if message is None:
                        break
                    held.append(message)
                    if await act(message):
                        await message.ack()
                        held.pop()
            finally:
                for message in held:
                    await self._put_back(queue, message)

    async def _put_back(self, queue: str, message: AbstractIncomingMessage) -> None:
        returned = message.headers.get("x-delivery-count")
        if isinstance(returned, int) and returned >= _RETURNS_MOST:
            kept = {name: value for name, value in message.headers.items() if name != "x-delivery-count"}
            await self._publish(queue + _PARKING, message, kept)
            await message.ack()
        else:
            await message.nack(requeue=True)

    async def _send_again(self, queue: str, message: AbstractIncomingMessage) -> None:
        # To the one queue that could not handle it: the others have handled theirs.
        kept = {name: value for name, value in message.headers.items() if name not in _OF_ATTEMPTS}
        await self._publish(queue, message, kept)

    async def _publish(self, queue: str, message: AbstractIncomingMessage, headers: dict[str, Any]) -> None:
        again = aio_pika.Message(
            message.body,
            headers=headers,
            content_type=message.content_type,
            content_encoding=message.content_encoding,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            correlation_id=message.correlation_id,
            message_id=message.message_id,
            timestamp=message.timestamp,
            type=message.type,
            app_id=message.app_id,
        )
        try:
            async with self._channel() as channel:
                await channel.default_exchange.publish(again, queue, mandatory=True, timeout=PUBLISH_TIMEOUT)
        except (AMQPException, TimeoutError) as error:
            raise PublishFailed(f"{queue} does not take a message: {type(error).__name__}") from error

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[AbstractChannel]:
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        try:
            yield channel
        finally:
            if not channel.is_closed:
                await channel.close()


@asynccontextmanager
async def dead_letters(url: str) -> AsyncIterator[DeadLetters]:
    """The parkings of the broker at ``url``. Raises `BrokerAway`."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await connect(url)
    except UNREACHABLE as error:
        raise BrokerAway(f"{type(error).__name__}: {error}") from None
    async with connection:
        yield DeadLetters(connection)


def _chosen(message: AbstractIncomingMessage, ids: Collection[str] | None) -> bool:
    return ids is None or message.message_id in ids


def _parked(queue: str, message: AbstractIncomingMessage) -> Parked:
    headers: Mapping[str, Any] = message.headers
    attempts = headers.get(ATTEMPT_HEADER)
    deaths = headers.get("x-death")
    reason = str(deaths[0].get("reason")) if isinstance(deaths, list) and deaths else None
    error = headers.get(ERROR_HEADER)
    if error is None and reason == _BY_THE_BROKER:
        error = "its consumer died each time that it had it (the broker's delivery limit)"
    traceparent = str(headers.get("traceparent") or "").split("-")
    return Parked(
        queue=queue,
        id=message.message_id or "",
        type=message.type,
        error=str(error) if error is not None else reason,
        attempts=attempts if isinstance(attempts, int) else 0,
        size=len(message.body),
        traceback=str(headers[TRACE_HEADER]) if TRACE_HEADER in headers else None,
        trace=traceparent[1] if len(traceparent) > 1 else None,
        correlation_id=message.correlation_id,
        published_at=message.timestamp,
        body=message.body,
    )
