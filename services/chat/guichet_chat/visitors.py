"""MongoDB: visitors. With ``store.py`` and ``documents.py`` all that knows their fields."""

from collections.abc import Iterable
from datetime import datetime

from guichet_kit.mongo import (
    ASCENDING,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    ReturnDocument,
    create_indexes,
)

from guichet_chat.conversation import Visitor
from guichet_chat.documents import visitor_copy, visitor_of


class CustomerTaken(Exception):
    """Another visitor is this customer of the site already."""


class VisitorStore:
    """The people behind widgets, in the database ``guichet_chat``."""

    def __init__(self, database: Database) -> None:
        self.visitors: Collection = database["visitors"]
        self.conversations: Collection = database["conversations"]

    async def ensure_visitor_indexes(self) -> None:
        """Make the indexes of visitors."""
        # A customer whom a site identifies is one visitor, however many devices say so at once.
        await create_indexes(
            self.visitors,
            [
                IndexModel(
                    [("site", ASCENDING), ("customer_id", ASCENDING)],
                    name="customer",
                    unique=True,
                    partialFilterExpression={"customer_id": {"$type": "string"}},
                ),
                IndexModel("silent_until", name="silent", expireAfterSeconds=0),
            ],
        )

    async def save_visitor(self, visitor: Visitor, silent_until: datetime | None = None) -> None:
        """Create or update the visitor; the open conversation shows the same person from its next event on.

        A new one goes at ``silent_until``, unless they say something before.

        Raises:
            CustomerTaken: the site's customer is another visitor.
        """
        copy = visitor_copy(visitor)
        fields = {field: value for field, value in copy.items() if field != "id"}
        change: Document = {"$set": {**fields, "customer_id": visitor.customer_id}}
        if silent_until is not None:
            change["$setOnInsert"] = {"silent_until": silent_until}
        try:
            await self.visitors.update_one({"_id": visitor.id}, change, upsert=True)
        except DuplicateKeyError:
            raise CustomerTaken from None
        await self.conversations.update_one({"visitor.id": visitor.id, "state": "open"}, {"$set": {"visitor": copy}})

    async def visitor(self, visitor_id: str) -> Visitor | None:
        """The visitor, or None."""
        return visitor_of(await self.visitors.find_one({"_id": visitor_id}))

    async def keep_silent(self, visitor_id: str, until: datetime) -> None:
        """Keep the visitor until then, if they have said nothing yet."""
        await self.visitors.update_one(
            {"_id": visitor_id, "silent_until": {"$exists": True}}, {"$set": {"silent_until": until}}
        )

    async def speaking(self, visitor_id: str, told: Visitor | None) -> Visitor | None:
        """The visitor, who says something now, and stays therefore; where nothing was written, ``told`` is."""
        change: Document = {"$unset": {"silent_until": ""}}
        if told is not None:
            copy = visitor_copy(told)
            change["$setOnInsert"] = {field: value for field, value in copy.items() if field != "id"}
        while True:
            try:
                found = await self.visitors.find_one_and_update(
                    {"_id": visitor_id}, change, upsert=told is not None, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:  # another socket of the visitor wrote it at the same moment
                continue
            return visitor_of(found)

    async def customer(self, site: str, customer_id: str) -> Visitor | None:
        """The visitor who is this customer of the site, or None."""
        return visitor_of(await self.visitors.find_one({"site": site, "customer_id": customer_id}))

    async def erased_among(self, visitor_ids: Iterable[str]) -> set[str]:
        """Those of the visitors who are to be forgotten."""
        if not visitor_ids:
            return set()
        found = self.visitors.find({"_id": {"$in": list(visitor_ids)}, "erased": True}, {"_id": True})
        return {visitor["_id"] for visitor in await found.to_list(None)}

    async def know_erased_words(self, visitor_id: str, words: Iterable[str]) -> None:
        """Remember of a visitor who is to be forgotten how they are called elsewhere, as hashes."""
        await self.visitors.update_one({"_id": visitor_id}, {"$addToSet": {"erased_words": {"$each": sorted(words)}}})

    async def erased_words(self, visitor_id: str) -> list[str]:
        """What `know_erased_words` remembers."""
        found = await self.visitors.find_one({"_id": visitor_id}, {"erased_words": True})
        return list((found or {}).get("erased_words", ()))
