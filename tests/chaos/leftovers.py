"""What must be empty when all is over: outboxes, queues, dead letters.

How a service keeps what is still to be published is its own affair, and may change: this is the one place to adjust.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import aio_pika
from aio_pika.exceptions import AMQPError
from guichet_contracts.subscriptions import SUBSCRIPTIONS
from guichet_kit.broker import Topology
from guichet_local.testing.stack import Stack
from pymongo import MongoClient

DATABASES = ("guichet_chat", "guichet_requests", "guichet_contacts", "guichet_attachments", "guichet_mailer")
ARRAYS = ("outbox", "pending")
"""Arrays of documents that hold what is still to be told or written."""

MAIL: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "received": {"$or": [{"due_at": {"$exists": True}}, {"filing_due_at": {"$exists": True}}]},
        "deliveries": {"state": {"$in": ["queued", "sending"]}},
    }
)
"""Mail that is still to be processed, filed or sent, in the database of `mailer`."""

MARK = "untold"
"""The mark of a request whose last change was not told of yet."""


@dataclass
class Leftovers:
    """What is left; nothing when all counts are 0."""

    unpublished: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    parked: dict[str, int] = field(default_factory=dict)
    waited_for: int = 0
    """Answers and conversations that somebody has not seen yet."""

    @property
    def pending(self) -> bool:
        """Whether something is still on its way."""
        return bool(self.unpublished or self.waiting or self.waited_for)

    def __str__(self) -> str:
        parts = [
            f"{what}: " + ", ".join(f"{name} {count}" for name, count in found.items())
            for what, found in (
                ("unpublished", self.unpublished),
                ("in queues", self.waiting),
                ("parked", self.parked),
            )
            if found
        ]
        if self.waited_for:
            parts.append(f"not answered or shown: {self.waited_for}")
        return "; ".join(parts) or "nothing"


async def look(stack: Stack, mongo: MongoClient[dict[str, Any]]) -> Leftovers:
    """What is left now. Raises RuntimeError while the broker is away, PyMongoError while the database is."""
    depths = await _depths(stack)
    return Leftovers(
        _unpublished(mongo),
        {name: depth for name, depth in depths.items() if depth and not name.endswith(".dlq")},
        {name: depth for name, depth in depths.items() if depth and name.endswith(".dlq")},
    )


async def _depths(stack: Stack) -> Mapping[str, int]:
    """How many messages wait in each durable queue. Asked by AMQP: `rabbitmqctl` takes seconds of a busy processor."""
    try:
        connection = await aio_pika.connect(stack.rabbitmq_url, timeout=10)
        async with connection:
            channel = await connection.channel()
            names = Topology(SUBSCRIPTIONS).queues()
            found = [await channel.declare_queue(name, passive=True) for name in names]
            return {queue.name: queue.declaration_result.message_count or 0 for queue in found}
    except (AMQPError, OSError, TimeoutError) as error:
        raise RuntimeError(f"the broker does not tell: {error}") from error


def _unpublished(mongo: MongoClient[dict[str, Any]]) -> dict[str, int]:
    found = {}
    for name in DATABASES:
        database = mongo[name]
        for collection in database.list_collection_names():
            condition = {"$or": [{f"{array}.0": {"$exists": True}} for array in ARRAYS] + [{MARK: {"$exists": True}}]}
            if count := database[collection].count_documents(condition):
                found[f"{name}.{collection}"] = count
    if count := mongo["guichet_requests"]["unanswered"].count_documents({}):
        found["guichet_requests.unanswered"] = count
    if count := _untold_entries(mongo):
        found["guichet_chat.writers"] = count
    for collection, on_its_way in MAIL.items():
        if count := mongo["guichet_mailer"][collection].count_documents(on_its_way):
            found[f"guichet_mailer.{collection}"] = found.get(f"guichet_mailer.{collection}", 0) + count
    return found


def _untold_entries(mongo: MongoClient[dict[str, Any]]) -> int:
    """Entries of the log beyond what their writer says was told, which did not come to a timeline either.

    The mark of a writer stands still for a minute while it does not know what became of one write; what it wrote
    afterwards is told all the same.
    """
    entries = mongo["guichet_chat"]["entries"]
    untold: list[str] = []
    for writer in mongo["guichet_chat"]["writers"].find():
        beyond = {"$or": [{"n": {"$gt": writer.get("told", 0)}}, {"n": {"$in": writer.get("gaps", [])}}]}
        untold += [one["_id"] for one in entries.find({"writer": writer["_id"], **beyond}, {"_id": True})]
    return len(untold) - mongo["guichet_requests"]["timeline"].count_documents({"_id": {"$in": untold}})
