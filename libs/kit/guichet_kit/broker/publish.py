"""A publish that ends within a bounded time: the broker has the message in a queue, or ``PublishFailed`` is raised."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiormq.exceptions
import orjson
from aio_pika.exceptions import AMQPException
from faststream.exceptions import FastStreamException
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange

from guichet_kit import trace
from guichet_kit.broker.topology import EVENTS_EXCHANGE, LIVE_EXCHANGE, Topology
from guichet_kit.outages import Away

PUBLISH_TIMEOUT = 5.0
"""Seconds until a publish without the broker's confirmation counts as failed."""

EVENT = "application/json"
BATCH = "application/cloudevents-batch+json"
"""Content type of several events of one type in one message: a JSON array
(https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md#4-json-batch-format)."""

BATCH_EVENTS, BATCH_BYTES = 100, 1 << 20
"""What one message carries at most, unless a single event is larger. RabbitMQ 4 refuses more than 16 MiB."""

# PublishError (returned: no queue takes it) is a DeliveryError (not acknowledged: a queue is full, or has no leader).
_REFUSALS = (aiormq.exceptions.DeliveryError, aiormq.exceptions.ChannelPreconditionFailed)
_FAILURES = (
    AMQPException,
    aiormq.exceptions.AMQPError,
    FastStreamException,
    OSError,
    RuntimeError,
    TimeoutError,
)

_EVENTS = RabbitExchange(EVENTS_EXCHANGE, type=ExchangeType.TOPIC, durable=True)
_LIVE = RabbitExchange(LIVE_EXCHANGE, type=ExchangeType.TOPIC, durable=True)


class PublishFailed(Away):
    """The broker did not confirm that the message is in a queue. It may be there all the same."""


class Refused(PublishFailed):
    """The broker is there and refuses this message (unroutable, too large, a full queue): others may still go."""


async def publish_bounded(broker: RabbitBroker, body: bytes, **options: Any) -> None:
    """Publish ``body`` and wait for the confirmation, ``PUBLISH_TIMEOUT`` seconds at most.

    Raises:
        Refused: the broker does not take this message.
        PublishFailed: not confirmed in time, or no connection.
    """
    task = asyncio.current_task()
    try:
        async with asyncio.timeout(PUBLISH_TIMEOUT):
            await broker.publish(body, **options)
    except asyncio.CancelledError:
        # A lost connection cancels the wait for the confirmation from within. A cancellation that somebody asked
        # for is theirs; the other one must not end the caller's loop.
        if task is not None and task.cancelling():
            raise
        raise PublishFailed("the connection was lost before the confirmation") from None
    except _REFUSALS as error:
        raise Refused(f"{type(error).__name__}: {error}") from error
    except _FAILURES as error:
        raise PublishFailed(f"{type(error).__name__}: {error}") from error


class EventPublisher:
    """Publishes events: persistent, confirmed, and refused when no queue takes one that has a subscriber."""

    def __init__(self, broker: RabbitBroker, topology: Topology) -> None:
        self._broker, self._topology = broker, topology

    async def publish(self, event: Mapping[str, Any], traceparent: str | None = None) -> None:
        """Publish one event in its wire form (CloudEvents names).

        Raises `Refused` and `PublishFailed` as `publish_bounded` does.
        """
        await self._publish(orjson.dumps(event), event, EVENT, {"traceparent": traceparent} if traceparent else {})

    async def publish_batch(self, events: Sequence[Mapping[str, Any]], *, also: Sequence[str] = ()) -> None:
        """Publish events of one type, in their wire form, as few messages; raises as `publish` does.

        When it raises, some of them may have been published. ``also`` are routing keys besides the type: queues that
        take only some events of the type bind those (https://www.rabbitmq.com/docs/sender-selected). An event may
        carry its own ``traceparent``, as CloudEvents' extension for tracing names it.
        """
        headers = {"BCC": [*also]} if also else {}
        for part in _parts([orjson.dumps(event) for event in events]):
            first = events[part.start]
            if len(part.bodies) == 1:
                event = {name: value for name, value in first.items() if name != "traceparent"}
                traced = {"traceparent": first["traceparent"]} if first.get("traceparent") else {}
                await self._publish(orjson.dumps(event), event, EVENT, headers | traced)
            else:
                await self._publish(b"[" + b",".join(part.bodies) + b"]", first, BATCH, headers)

    async def _publish(
        self, body: bytes, first: Mapping[str, Any], content_type: str, headers: Mapping[str, Any]
    ) -> None:
        # A relay publishes long after what it tells of was done: the message belongs to that trace, not to the relay's.
        with trace.joined(headers.get("traceparent")):
            await publish_bounded(
                self._broker,
                body,
                exchange=_EVENTS,
                routing_key=first["type"],
                message_id=first["id"],
                message_type=first["type"],
                correlation_id=first.get("correlationid"),
                headers=dict(headers) or None,
                content_type=content_type,
                persist=True,
                mandatory=self._topology.has_subscriber(first["type"]),
            )


@dataclass(frozen=True, slots=True)
class _Part:
    start: int
    bodies: list[bytes]


def _parts(bodies: Sequence[bytes]) -> Iterator[_Part]:
    """Encoded events in messages that every broker takes."""
    start, size = 0, 0
    for position, body in enumerate(bodies):
        if position > start and (position - start >= BATCH_EVENTS or size + len(body) > BATCH_BYTES):
            yield _Part(start, list(bodies[start:position]))
            start, size = position, 0
        size += len(body)
    if bodies:
        yield _Part(start, list(bodies[start:]))


class LivePublisher:
    """Publishes signs of presence on the live edge: not persisted, and nobody need be there to hear them."""

    def __init__(self, broker: RabbitBroker) -> None:
        self._broker = broker

    async def publish(self, routing_key: str, message: Mapping[str, Any]) -> None:
        """Publish ``message``; ``PublishFailed`` as in `publish_bounded`."""
        await publish_bounded(
            self._broker,
            orjson.dumps(message),
            exchange=_LIVE,
            routing_key=routing_key,
            message_type=routing_key,
            content_type=EVENT,
            mandatory=False,
        )
