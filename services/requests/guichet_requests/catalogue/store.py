"""Entries of a catalogue in MongoDB; how an entry is stored is told to the store when it is made."""

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from guichet_kit.mongo import (
    ASCENDING,
    DESCENDING,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    create_indexes,
)
from guichet_kit.pages import decode_cursor, encode_cursor

from guichet_requests.catalogue.entry import Entry

_INDEXES = [IndexModel([("position", ASCENDING), ("_id", ASCENDING)], name="order")]


Kept = TypeVar("Kept", bound=Entry)


class CatalogueStore(Generic[Kept]):
    """One collection of entries. ``from_document`` and ``to_document`` leave the id to it."""

    _present: ClassVar[Document] = {}
    """What is true of an entry that was not deleted, where something stays of those."""

    def __init__(
        self,
        database: Database,
        name: str,
        from_document: Callable[[str, Document], Kept],
        to_document: Callable[[Kept], Document],
    ) -> None:
        self._collection: Collection = database[name]
        self._from_document, self._to_document = from_document, to_document

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(self._collection, _INDEXES)

    async def get(self, entry_id: str) -> Kept | None:
        """The entry of that id."""
        document = await self._collection.find_one({"_id": entry_id, **self._present})
        return self._read(document) if document else None

    async def page(self, limit: int, cursor: str | None) -> tuple[list[Kept], str | None]:
        """Entries in their order, and the cursor of the next page. Raises `Invalid` for a bad one."""
        condition = dict(self._present)
        if cursor is not None:
            position, entry_id = decode_cursor(cursor, int, str)
            condition |= {"position": {"$gte": position}, "$nor": [{"position": position, "_id": {"$lte": entry_id}}]}
        keys = [("position", ASCENDING), ("_id", ASCENDING)]
        found = await self._collection.find(condition).sort(keys).limit(limit + 1).to_list(limit + 1)
        entries = [self._read(document) for document in found[:limit]]
        end = entries[-1] if len(found) > limit else None
        return entries, encode_cursor((end.position, end.id)) if end else None

    async def next_position(self) -> int:
        """The position after the last entry's."""
        found = self._collection.find(self._present, {"position": True}).sort("position", DESCENDING)
        last = await found.limit(1).to_list(1)
        return int(last[0]["position"]) + 1 if last else 0

    async def insert(self, entry: Kept) -> bool:
        """Add an entry; False when the id is there already."""
        try:
            await self._collection.insert_one({"_id": entry.id, **self._to_document(entry)})
        except DuplicateKeyError:
            return False
        return True

    async def replace(self, before: Kept, after: Kept) -> bool:
        """Save a change of ``before``; False when the entry has changed meanwhile."""
        present = {"_id": before.id, "version": before.version}
        result = await self._collection.update_one(present, {"$set": self._to_document(after)})
        return bool(result.matched_count)

    async def delete(self, entry: Kept) -> bool:
        """Remove the entry; False when it has changed meanwhile."""
        result = await self._collection.delete_one({"_id": entry.id, "version": entry.version})
        return bool(result.deleted_count)

    def _read(self, document: Document) -> Kept:
        return self._from_document(document.pop("_id"), document)
