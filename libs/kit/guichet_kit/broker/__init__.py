"""RabbitMQ: the topology, a publish that is bounded and loud, and consumers that lose nothing.

This package, and a service's ``consumers`` and ``app``, are the only places that know FastStream.
"""

from guichet_kit.broker.connection import LiveFeed, connect_broker, started, waiting_in
from guichet_kit.broker.consume import Permanent, durable_subscriber, live_subscriber
from guichet_kit.broker.live import LiveEdge
from guichet_kit.broker.publish import EventPublisher, LivePublisher, PublishFailed, Refused
from guichet_kit.broker.topology import DLX_EXCHANGE, EVENTS_EXCHANGE, LIVE_EXCHANGE, RETRY_DELAYS, Topology

__all__ = [
    "DLX_EXCHANGE",
    "EVENTS_EXCHANGE",
    "LIVE_EXCHANGE",
    "RETRY_DELAYS",
    "EventPublisher",
    "LiveEdge",
    "LiveFeed",
    "LivePublisher",
    "Permanent",
    "PublishFailed",
    "Refused",
    "Topology",
    "connect_broker",
    "durable_subscriber",
    "live_subscriber",
    "started",
    "waiting_in",
]
