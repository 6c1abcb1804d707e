"""Contacts in MongoDB: reads, and writes together with their events."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

import orjson
from guichet_contracts.addresses import trace_of
from guichet_contracts.event import Event
from guichet_kit.mongo import (
    ASCENDING,
    DESCENDING,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    create_indexes,
    in_transaction,
)
from guichet_kit.outbox import OUTBOX_INDEX, Relay, pending

from guichet_contacts.contact.contact import Contact, Details
from guichet_contacts.contact.documents import to_contact, to_document
from guichet_contacts.contact.fields import email_key
from guichet_contacts.contact.folding import PREFIX_LENGTH

_INDEXES = [
    # One holder of an address, whoever writes at the same moment. Erased and merged contacts hold none.
    IndexModel("email_keys", name="email_keys", unique=True, partialFilterExpression={"email_keys": {"$exists": True}}),
    IndexModel([("state", ASCENDING), ("sort", ASCENDING)], name="listed"),
    # Two ways to search, and the server picks the shorter one for each query. The first letters of each word, then the
    # order of the list: where many are found, the first of them are read without sorting. And the whole words: where
    # few are found, only those are read, and sorted.
    IndexModel(
        [("prefixes", ASCENDING), ("sort", ASCENDING)],
        name="searched",
        partialFilterExpression={"prefixes": {"$exists": True}},
    ),
    # The same lists, the last changed first.
    IndexModel([("state", ASCENDING), ("updated_at", DESCENDING), ("_id", DESCENDING)], name="recent"),
    IndexModel("words", name="words", partialFilterExpression={"words": {"$exists": True}}),
    IndexModel("merge.into", name="merged_into", partialFilterExpression={"merge.into": {"$exists": True}}),
    # Merges that can still be undone, or could until a moment ago.
    IndexModel("merge.at", name="merged_at", partialFilterExpression={"merge.before": {"$exists": True}}),
    IndexModel([("import.id", ASCENDING), ("import.line", ASCENDING)], name="staged", sparse=True),
    IndexModel("traces", name="traces", sparse=True),
    OUTBOX_INDEX,
]

Result = TypeVar("Result")


class Duplicate(Exception):
    """The id, or an address, is taken by another document."""


class ContactStore:
    """The collection ``contacts``. Every write goes with its events, which ``relay`` then publishes.

    ``secret`` is the installation's: of an erased address only a keyed hash is kept.
    """

    def __init__(self, database: Database, relay: Relay, secret: bytes, session: Any = None) -> None:
        self._database, self._relay, self._secret, self._session = database, relay, secret, session
        self.collection: Collection = database["contacts"]

    async def ensure_indexes(self) -> None:
        """Make the indexes that are missing."""
        await create_indexes(self.collection, _INDEXES)

    async def find(self, contact_id: str) -> Contact | None:
        """The contact of this id, whatever its state."""
        document = await self.collection.find_one({"_id": contact_id}, session=self._session)
        return to_contact(document) if document else None

    async def holder_of(self, email: str) -> str | None:
        """The id of the contact to whom the address belongs."""
        document = await self.collection.find_one(
            {"email_keys": email_key(email)}, projection={"_id": True}, session=self._session
        )
        return document["_id"] if document else None

    async def was_created_with(self, contact_id: str, details: Details) -> bool:
        """Whether the contact of this id was made with exactly these details, whatever it says now."""
        wanted = {"_id": contact_id, "creation": _fingerprint(details)}
        return await self.collection.find_one(wanted, projection={"_id": True}) is not None

    async def merged_into(self, contact_id: str) -> list[Contact]:
        """The contacts that were merged into this one, directly."""
        cursor = self.collection.find({"merge.into": contact_id}, session=self._session)
        return [to_contact(document) for document in await cursor.to_list(None)]

    async def page(
        self, words: Sequence[str], after: str | None, limit: int, *, backwards: bool = False
    ) -> list[Contact]:
        """Active contacts that have the beginnings of all ``words``, by `sort_key`, those after ``after``.

        ``backwards``: the last of the list first, those before ``after``.
        """
        wanted = page_filter(words, after, "$lt" if backwards else "$gt")
        cursor = self.collection.find(wanted).sort("sort", DESCENDING if backwards else ASCENDING).limit(limit)
        return [to_contact(document) for document in await cursor.to_list(limit)]

    async def recent(self, words: Sequence[str], before: tuple[datetime, str] | None, limit: int) -> list[Contact]:
        """As `page`, the last changed first; those below the moment and id ``before``."""
        wanted = page_filter(words, None) | {"state": "active"}
        if before is not None:
            at, contact_id = before
            wanted["$or"] = [{"updated_at": {"$lt": at}}, {"updated_at": at, "_id": {"$lt": contact_id}}]
        cursor = self.collection.find(wanted).sort([("updated_at", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [to_contact(document) for document in await cursor.to_list(limit)]

    async def insert(self, contact: Contact, event: Event[Any]) -> None:
        """Write a new contact; `Duplicate` where its id or an address of it is taken."""
        entries = [pending(event)]
        creation = {"creation": _fingerprint(contact.details), "outbox": entries}
        try:
            await self.collection.insert_one(to_document(contact) | creation, session=self._session)
        except DuplicateKeyError:
            raise Duplicate from None
        self._relay.offer(self.collection, contact.id, entries)

    async def replace(self, contact: Contact, event: Event[Any] | None = None) -> bool:
        """Write ``contact`` over its version before; False where that one is no more. `Duplicate` as in `insert`."""
        document = to_document(contact)
        absent = [field for field in _REPLACED if field not in document]
        entries = [pending(event)] if event else []
        update = {
            "$set": {field: value for field, value in document.items() if field != "_id"},
            "$unset": dict.fromkeys(absent, ""),
            "$push": {"outbox": {"$each": entries}},
        }
        if not entries:
            del update["$push"]
        before = {"_id": contact.id, "version": contact.version - 1}
        try:
            result = await self.collection.update_one(before, update, session=self._session)
        except DuplicateKeyError:
            raise Duplicate from None
        if result.matched_count:
            self._relay.offer(self.collection, contact.id, entries)
        return bool(result.matched_count)

    async def tell(self, contact: Contact, event: Event[Any]) -> bool:
        """Publish ``event`` of the contact, which does not change; False where this version is no more."""
        entries = [pending(event)]
        result = await self.collection.update_one(
            {"_id": contact.id, "version": contact.version}, {"$push": {"outbox": {"$each": entries}}}
        )
        if result.matched_count:
            self._relay.offer(self.collection, contact.id, entries)
        return bool(result.matched_count)

    async def fold_merges(self, before: datetime) -> int:
        """Of contacts merged before then, forget all but where they went; how many there were."""
        merged = {"merge.at": {"$lt": before}, "merge.before": {"$exists": True}}
        return (await self.collection.update_many(merged, {"$unset": dict.fromkeys(_FOLDED, "")})).modified_count

    def traces_of(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """What the addresses are known by once they are erased."""
        return tuple(sorted({trace_of(self._secret, address) for address in addresses}))

    async def erased_among(self, addresses: Iterable[str], since: datetime) -> set[str]:
        """Those of the addresses whose holder was erased at this moment or later."""
        traces = {trace_of(self._secret, address): address for address in addresses}
        gone: Document = {"traces": {"$in": [*traces]}, "updated_at": {"$gte": since}}
        found = await self.collection.find(gone, {"traces": True}, session=self._session).to_list(None)
        return {traces[trace] for document in found for trace in document["traces"] if trace in traces}

    async def erase(
        self,
        contact: Contact,
        event: Event[Any] | None = None,
        traces: Sequence[str] = (),
        *,
        also: Event[Any] | None = None,
    ) -> bool:
        """Leave nothing of the document but ``contact``, which says that it is erased; as `replace` otherwise.

        Events that still waited in its outbox go too: they tell of the person. ``traces`` as `traces_of` makes them.
        """
        entries = [pending(one) for one in (event, also) if one]
        before = {"_id": contact.id, "version": contact.version - 1}
        document = to_document(contact) | ({"outbox": entries} if entries else {})
        document |= {"traces": list(traces)} if traces else {}
        result = await self.collection.replace_one(before, document, session=self._session)
        if result.matched_count:
            self._relay.offer(self.collection, contact.id, entries)
        return bool(result.matched_count)

    async def in_transaction(self, work: Callable[["ContactStore"], Awaitable[Result]]) -> Result:
        """What ``work`` writes through the store that it is given is written whole or not at all."""

        async def attempt(session: Any) -> tuple[Result, _Later]:
            later = _Later()
            return await work(ContactStore(self._database, later, self._secret, session)), later

        result, later = await in_transaction(self._database, attempt)
        later.pass_on(self._relay)
        return result


class _Later:
    """A relay that waits for the transaction's end."""

    def __init__(self) -> None:
        self._offers: list[tuple[Collection, Any, Sequence[Document]]] = []

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        self._offers.append((collection, document_id, entries))

    def pass_on(self, relay: Relay) -> None:
        for offer in self._offers:
            relay.offer(*offer)


_FOUND_BY = ("sort", "words", "prefixes", "email_keys")
_FOLDED = (*Details.__dataclass_fields__, "other_emails", "merge.before", "merge.after", "creation")
_REPLACED = (*Details.__dataclass_fields__, "other_emails", "merge", "import", *_FOUND_BY)


def page_filter(words: Sequence[str], after: str | None, beyond: str = "$gt") -> Document:
    """What the documents of a page of search results, or of the whole list, have."""
    found: Document = {"prefixes": {"$all": [word[:PREFIX_LENGTH] for word in words]}} if words else {"state": "active"}
    # Words are letters and digits only, so nothing in them is special in a regular expression.
    longer = [{"words": {"$regex": f"^{word}"}} for word in words if len(word) > PREFIX_LENGTH]
    if longer:
        found["$and"] = longer
    if after is not None:
        found["sort"] = {beyond: after}
    return found


def _fingerprint(details: Details) -> str:
    return hashlib.sha256(orjson.dumps(asdict(details))).hexdigest()
