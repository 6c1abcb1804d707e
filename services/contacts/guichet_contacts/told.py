"""Acts that change no document and yet are to be told: an event, kept until it is published."""

from typing import Any

from guichet_contracts.event import Event
from guichet_kit.clock import now
from guichet_kit.mongo import Collection, Database, create_indexes
from guichet_kit.outbox import OUTBOX_INDEX, Relay, pending

COLLECTION = "told"


class ToldStore:
    """The collection ``told``: a document for each such event, which goes once it is published."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self._collection: Collection = database[COLLECTION]
        self._relay = relay

    async def ensure_indexes(self) -> None:
        """Make the indexes that are missing."""
        await create_indexes(self._collection, [OUTBOX_INDEX])

    async def tell(self, event: Event[Any]) -> None:
        """Publish the event soon; it is durable when this returns."""
        entries = [pending(event)]
        await self._collection.insert_one({"_id": event.id, "at": now(), "outbox": entries})
        self._relay.offer(self._collection, event.id, entries)
        await self._collection.delete_many({"outbox": []})
