"""A publish that ends within a bounded time: the broker has the message in a queue, or ``PublishFailed`` is raised."""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiormq.exceptions
import orjson
from aio_pika.exceptions import AMQPException
from faststream.exceptions import FastStreamException
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange

from guichet_kit.broker.topology import EVENTS_EXCHANGE, LIVE_EXCHANGE, Topology

PUBLISH_TIMEOUT = 5.0
"""Seconds until a publish without the broker's confirmation counts as failed."""

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


class PublishFailed(Exception):
    """The broker did not confirm that the message is in a queue. It may be there all the same."""


async def publish_bounded(broker: RabbitBroker, body: bytes, **options: Any) -> None:
    """Publish ``body`` and wait for the confirmation, ``PUBLISH_TIMEOUT`` seconds at most.

    Raises:
        PublishFailed: not confirmed in time, refused, unroutable, or no connection.
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
    except _FAILURES as error:
        raise PublishFailed(f"{type(error).__name__}: {error}") from error


class EventPublisher:
    """Publishes events: persistent, confirmed, and refused when no queue takes one that has a subscriber."""

    def __init__(self, broker: RabbitBroker, topology: Topology) -> None:
        self._broker, self._topology = broker, topology

    async def publish(self, event: Mapping[str, Any], traceparent: str | None = None) -> None:
        """Publish one event in its wire form (CloudEvents names); ``PublishFailed`` as in `publish_bounded`."""
        await publish_bounded(
            self._broker,
            orjson.dumps(event),
            exchange=_EVENTS,
            routing_key=event["type"],
            message_id=event["id"],
            message_type=event["type"],
            correlation_id=event.get("correlationid"),
            headers={"traceparent": traceparent} if traceparent else None,
            content_type="application/json",
            persist=True,
            mandatory=self._topology.has_subscriber(event["type"]),
        )


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
            content_type="application/json",
            mandatory=False,
        )
