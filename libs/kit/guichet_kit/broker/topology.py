"""Exchanges, quorum queues, their retry queues and their parking: declared alike by whoever starts first.

A publisher declares its consumers' queues too, so an event that is published before its consumer has ever run waits
for it instead of vanishing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelNotFoundEntity
from faststream.rabbit import RabbitQueue
from faststream.rabbit.schemas.queue import QueueType
from prometheus_client import Gauge

EVENTS_EXCHANGE = "guichet.events"
LIVE_EXCHANGE = "guichet.live"
DLX_EXCHANGE = "guichet.dlx"

RETRY_DELAYS: Mapping[str, int] = {"5s": 5_000, "30s": 30_000, "5m": 300_000}
"""Name and time to live, in milliseconds, of each consumer's retry queues; the last one serves every later attempt."""

# A deploy raises the count of whatever was in flight, so the limit is far above the attempts that we count ourselves.
_DELIVERY_LIMIT = 50


depth = Gauge("guichet_queue_messages", "Messages that lie in a durable queue, as last looked at", ["queue"])


async def messages_in(connection: AbstractConnection, name: str) -> int | None:
    """How many messages lie in a queue, those at a consumer not counted; None: there is no such queue."""
    # A refused look ends its channel, so each has one of its own.
    channel = await connection.channel()
    try:
        found = await channel.declare_queue(name, passive=True)
    except ChannelNotFoundEntity:
        return None
    await channel.close()
    return found.declaration_result.message_count or 0


@dataclass(frozen=True)
class Topology:
    """Which durable queue takes which event types, and which event types are also shown on the live edge.

    ``retired`` are bindings of earlier versions, as ``(queue, routing key)``, or ``(guichet.live, routing key)``:
    they are taken off, for a broker keeps them for ever.
    """

    subscriptions: Mapping[str, Sequence[str]]
    live: Sequence[str] = ()
    retired: Sequence[tuple[str, str]] = ()
    retry_delays: Mapping[str, int] = field(default_factory=lambda: RETRY_DELAYS)

    def has_subscriber(self, event_type: str) -> bool:
        """Whether some durable queue takes events of this type."""
        return any(event_type in types for types in self.subscriptions.values())

    async def declare(self, channel: AbstractChannel) -> None:
        """Declare everything; what is there already, alike, stays as it is."""
        events = await channel.declare_exchange(EVENTS_EXCHANGE, ExchangeType.TOPIC, durable=True)
        live = await channel.declare_exchange(LIVE_EXCHANGE, ExchangeType.TOPIC, durable=True)
        dead = await channel.declare_exchange(DLX_EXCHANGE, ExchangeType.DIRECT, durable=True)
        for event_type in self.live:
            await live.bind(events, event_type)
        for name, types in self.subscriptions.items():
            parking = await channel.declare_queue(f"{name}.dlq", durable=True, arguments=_quorum())
            await parking.bind(dead, parking.name)
            queue = await channel.declare_queue(name, durable=True, arguments=_consumer_arguments(name))
            for event_type in types:
                await queue.bind(events, event_type)
            for delay, milliseconds in self.retry_delays.items():
                back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": name}
                await channel.declare_queue(
                    f"{name}.retry.{delay}",
                    durable=True,
                    arguments=_quorum() | _reliable_dead_letter() | back | {"x-message-ttl": milliseconds},
                )
        for name, key in self.retired:
            if name == LIVE_EXCHANGE:
                await live.unbind(events, key)
            elif name in self.subscriptions:
                await (await channel.get_queue(name, ensure=False)).unbind(events, key)

    async def missing(self, connection: AbstractConnection) -> list[str]:
        """The names of the durable queues that are not there."""
        gone = []
        for name in self.queues():
            messages = await messages_in(connection, name)
            if messages is None:
                gone.append(name)
            else:
                depth.labels(name).set(messages)
        return gone

    def queues(self) -> list[str]:
        """The names of every durable queue: those of consumers, their retry queues and their parking."""
        beside = (".dlq", *(f".retry.{delay}" for delay in self.retry_delays))
        return [f"{name}{suffix}" for name in self.subscriptions for suffix in ("", *beside)]


def consumer_queue(name: str) -> RabbitQueue:
    """The consumer's queue as FastStream declares it: with the same arguments as the topology."""
    arguments = {k: v for k, v in _consumer_arguments(name).items() if k != "x-queue-type"}
    return RabbitQueue(name, queue_type=QueueType.QUORUM, durable=True, arguments=arguments)  # type: ignore[call-overload, no-any-return]


def _quorum() -> dict[str, Any]:
    return {"x-queue-type": "quorum"}


def _reliable_dead_letter() -> dict[str, Any]:
    # at-least-once needs reject-publish (https://www.rabbitmq.com/docs/quorum-queues#activating-at-least-once-dead-lettering)
    return {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}


def _consumer_arguments(name: str) -> dict[str, Any]:
    return (
        _quorum()
        | _reliable_dead_letter()
        | {
            "x-delivery-limit": _DELIVERY_LIMIT,
            "x-dead-letter-exchange": DLX_EXCHANGE,
            "x-dead-letter-routing-key": f"{name}.dlq",
        }
    )
