"""What must be empty when all is over: outboxes, queues, dead letters.

How a service keeps what is still to be published is its own affair, and may change: this is the one place to adjust.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pymongo import MongoClient

from .system import ChaosStack

DATABASES = ("guichet_chat", "guichet_requests", "guichet_contacts", "guichet_attachments", "guichet_mailer")
ARRAYS = ("outbox", "pending")
"""Arrays of documents that hold what is still to be told or written."""


@dataclass
class Leftovers:
    """What is left; nothing when all counts are 0."""

    unpublished: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    parked: dict[str, int] = field(default_factory=dict)

    @property
    def pending(self) -> bool:
        """Whether something is still on its way."""
        return bool(self.unpublished or self.waiting)

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
        return "; ".join(parts) or "nothing"


async def look(stack: ChaosStack, mongo: MongoClient[dict[str, Any]]) -> Leftovers:
    """What is left now. Raises RuntimeError while the broker is away, PyMongoError while the database is."""
    depths = await _depths(stack)
    return Leftovers(
        _unpublished(mongo),
        {name: depth for name, depth in depths.items() if depth and not name.endswith(".dlq")},
        {name: depth for name, depth in depths.items() if depth and name.endswith(".dlq")},
    )


async def _depths(stack: ChaosStack) -> Mapping[str, int]:
    listed = await stack.control("list_queues", "--no-table-headers", "name", "messages")
    rows = (line.rpartition("\t") for line in listed.splitlines() if "\t" in line)
    # Those that only live as long as their replica are the live edge's.
    return {name: int(count) for name, _, count in rows if count.isdecimal() and "." in name and "live" not in name}


def _unpublished(mongo: MongoClient[dict[str, Any]]) -> dict[str, int]:
    found = {}
    for name in DATABASES:
        database = mongo[name]
        for collection in database.list_collection_names():
            condition = {"$or": [{f"{array}.0": {"$exists": True}} for array in ARRAYS]}
            if count := database[collection].count_documents(condition):
                found[f"{name}.{collection}"] = count
    return found
