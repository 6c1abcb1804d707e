"""Filings in MongoDB; the only file that knows their field names."""

from guichet_kit import outbox
from guichet_kit.mongo import MAJORITY, Collection, Database, Document, DuplicateKeyError, create_indexes
from guichet_kit.outbox import OUTBOX_INDEX, Relay
from pydantic import TypeAdapter

from guichet_requests.email.events import email_filed
from guichet_requests.email.filing import Filing, Place

COLLECTION = "filings"
_PLACES: TypeAdapter[tuple[Place, ...]] = TypeAdapter(tuple[Place, ...])


class FilingStore:
    """The collection ``filings``: one document for each received e-mail, which tells of each decision."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self.collection: Collection = database[COLLECTION].with_options(read_concern=MAJORITY)
        self._relay = relay

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(self.collection, [OUTBOX_INDEX])

    async def get(self, email_id: str) -> Filing | None:
        """Where the e-mail is, if that was decided."""
        document = await self.collection.find_one({"_id": email_id}, {"places": True})
        return Filing(email_id, _PLACES.validate_python(document["places"])) if document else None

    async def add(self, filing: Filing) -> Filing:
        """Save the first decision; the one that counts, should another have been faster."""
        entries = _telling(filing)
        try:
            await self.collection.insert_one({"_id": filing.email_id, **_to_document(filing), "outbox": entries})
        except DuplicateKeyError:
            return await self.get(filing.email_id) or filing
        self._relay.offer(self.collection, filing.email_id, entries)
        return filing

    async def tell_again(self, filing: Filing) -> None:
        """Tell once more where the e-mail is: whoever told of it again may have lacked the answer."""
        entries = _telling(filing)
        await self.collection.update_one({"_id": filing.email_id}, {"$push": {"outbox": {"$each": entries}}})
        self._relay.offer(self.collection, filing.email_id, entries)

    async def replace(self, before: Filing, after: Filing) -> bool:
        """Save a further decision; False when another one was taken meanwhile."""
        entries = _telling(after)
        result = await self.collection.update_one(
            {"_id": before.email_id, "version": before.version},
            {"$set": _to_document(after), "$push": {"outbox": {"$each": entries}}},
        )
        if result.matched_count:
            self._relay.offer(self.collection, before.email_id, entries)
        return bool(result.matched_count)


def _telling(filing: Filing) -> list[Document]:
    return [outbox.pending(email_filed(filing.email_id, filing.place.request_id, filing.version))]


def _to_document(filing: Filing) -> Document:
    return {"version": filing.version, "places": _PLACES.dump_python(filing.places)}
