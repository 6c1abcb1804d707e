"""Copies of contacts in MongoDB; the only file that knows their field names."""

from dataclasses import asdict

from guichet_kit.mongo import (
    ASCENDING,
    MAJORITY,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    create_indexes,
)

from guichet_requests.contact.contact import ContactCopy, email_key

_INDEXES = [
    IndexModel("email_keys", name="email_keys"),
    IndexModel([("merged_into", ASCENDING)], name="merged_into", sparse=True),
]


class ContactStore:
    """The collection ``contacts``."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database["contacts"].with_options(read_concern=MAJORITY)

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(self.collection, _INDEXES)

    async def keep(self, copy: ContactCopy) -> None:
        """Keep the copy, unless the one that is there is as new, or the contact was erased."""
        await self._keep(copy.id, copy.version, _to_document(copy))

    async def keep_merged(self, contact_id: str, version: int, into: str) -> None:
        """The contact stands for another one since its ``version``; what it says of the person stays as it is."""
        await self._keep(contact_id, version, {"state": "merged", "merged_into": into, "email_keys": []})

    async def erase(self, contact_id: str, version: int) -> None:
        """Leave nothing of the contact but that it is erased: the last word about it."""
        await self.collection.replace_one({"_id": contact_id}, {"version": version, "state": "erased"}, upsert=True)

    async def get(self, contact_id: str) -> ContactCopy | None:
        """The copy of that id, whatever its state."""
        document = await self.collection.find_one({"_id": contact_id})
        return _from_document(document) if document else None

    async def resolve(self, contact_id: str) -> ContactCopy | None:
        """The contact that the one of that id stands for by now: itself, or what it was merged into."""
        passed: set[str] = set()
        copy = await self.get(contact_id)
        while copy is not None and copy.merged_into is not None and copy.id not in passed:
            passed.add(copy.id)
            copy = await self.get(copy.merged_into)
        return copy

    async def standing_for(self, contact_id: str) -> list[str]:
        """The id, and those of all contacts that were merged into it, also by way of others."""
        ids, newest = [contact_id], [contact_id]
        while newest:
            found = self.collection.find({"merged_into": {"$in": newest}, "_id": {"$nin": ids}}, {"_id": True})
            newest = [document["_id"] async for document in found]
            ids += newest
        return ids

    async def holder_of(self, email: str) -> ContactCopy | None:
        """The contact to whom the address belongs."""
        document = await self.collection.find_one({"email_keys": email_key(email)})
        return _from_document(document) if document else None

    async def _keep(self, contact_id: str, version: int, fields: Document) -> None:
        older: Document = {"_id": contact_id, "version": {"$lt": version}, "state": {"$ne": "erased"}}
        try:
            await self.collection.update_one(older, {"$set": fields | {"version": version}}, upsert=True)
        except DuplicateKeyError:
            return  # what is there is newer


def _to_document(copy: ContactCopy) -> Document:
    document = asdict(copy) | {"other_emails": [*copy.other_emails], "email_keys": [*copy.email_keys]}
    del document["id"]
    return document


def _from_document(document: Document) -> ContactCopy:
    stored = {name: value for name, value in document.items() if name not in ("_id", "email_keys")}
    return ContactCopy(id=document["_id"], **stored | {"other_emails": tuple(stored.get("other_emails", ()))})
