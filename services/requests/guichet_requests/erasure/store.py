"""Erasures in MongoDB: what is to go, until it is gone; afterwards only that it went, and which visitors with it."""

from collections.abc import Iterable
from dataclasses import fields

from guichet_kit import outbox
from guichet_kit.mongo import Collection, Database, Document, IndexModel, create_indexes
from guichet_kit.outbox import OUTBOX_INDEX, Relay

from guichet_requests.erasure.erasure import Erasure
from guichet_requests.erasure.events import visitors_erased

COLLECTION = "erasures"
_SETS = tuple(field.name for field in fields(Erasure) if field.name != "contact_id")
_TELLING = ("names", "addresses", "phones")


class ErasureStore:
    """The collection ``erasures``."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self.collection: Collection = database[COLLECTION]
        self._relay = relay

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(self.collection, [OUTBOX_INDEX, IndexModel("visitor_ids", name="visitor")])

    async def add(self, erasure: Erasure) -> Erasure:
        """Remember what is to go, beside what was found at an attempt that did not come to its end."""
        found: Document = {name: {"$each": sorted(getattr(erasure, name))} for name in _SETS}
        await self.collection.update_one({"_id": erasure.contact_id}, {"$addToSet": found}, upsert=True)
        return _from_document(
            await self.collection.find_one({"_id": erasure.contact_id}) or {"_id": erasure.contact_id}
        )

    async def of_visitor(self, visitor_id: str) -> Erasure | None:
        """The erasure that the visitor went with, or goes with now."""
        document = await self.collection.find_one({"visitor_ids": visitor_id})
        return _from_document(document) if document else None

    async def of_visitors(self, visitor_ids: Iterable[str]) -> dict[str, Erasure]:
        """The erasures that some of the visitors went with, or go with now, by the visitors' ids."""
        asked = {*visitor_ids}
        if not asked:
            return {}
        found = await self.collection.find({"visitor_ids": {"$in": [*asked]}}).to_list(None)
        erasures = [_from_document(document) for document in found]
        return {one: erasure for erasure in erasures for one in erasure.visitor_ids & asked}

    async def finish(self, erasure: Erasure) -> None:
        """Forget what was looked for, and tell the other services, in one write."""
        entry = outbox.pending(visitors_erased(erasure))
        change = {"$unset": dict.fromkeys(_TELLING, ""), "$push": {"outbox": entry}}
        await self.collection.update_one({"_id": erasure.contact_id}, change)
        self._relay.offer(self.collection, erasure.contact_id, [entry])


def _from_document(document: Document) -> Erasure:
    return Erasure(document["_id"], *(frozenset(document.get(name, ())) for name in _SETS))
