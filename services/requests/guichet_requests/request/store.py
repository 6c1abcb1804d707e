"""Requests in MongoDB; with ``documents.py`` the only file that knows their field names.

A change is one write of the request's document: its state, the event to publish (``outbox``) and the items that it
adds to the timeline (``pending``). The items are then copied to the timeline and taken off the document; whoever
reads a request next does that first where a crash prevented it, so a timeline never lacks what its request tells of.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

from guichet_contracts.event import Event
from guichet_kit import outbox
from guichet_kit.mongo import (
    ASCENDING,
    DESCENDING,
    MAJORITY,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    ReturnDocument,
)
from guichet_kit.outbox import Relay
from guichet_kit.pages import decode_cursor, encode_cursor

from guichet_requests.request.documents import from_document, to_document
from guichet_requests.request.events import changed
from guichet_requests.request.indexes import INDEXES, SORTS
from guichet_requests.request.listing import OPEN, Listing
from guichet_requests.request.request import Change, Link, Request, Visitor
from guichet_requests.timeline import store as timeline
from guichet_requests.timeline.store import TimelineStore

COLLECTION = "requests"
FIRST_NUMBER = 1001
_BATCH = 200

FEW = 5_000
"""Requests that are rather found by a word and sorted than looked for down the list."""


class Taken(Exception):
    """A unique key of the request is another's already: its id, a conversation, or its visitor's current place."""


class RequestStore:
    """The requests, their numbers, and their way onto the timeline and into the outbox."""

    def __init__(self, database: Database, items: TimelineStore, relay: Relay) -> None:
        # What was heard before is acknowledged without a write, so it must be what no failover can take back.
        self.collection: Collection = database[COLLECTION].with_options(read_concern=MAJORITY)
        self._counters: Collection = database["counters"]
        self._items, self._relay = items, relay

    async def prepare(self) -> None:
        """Create the indexes."""
        await self.collection.create_indexes(INDEXES)

    async def next_number(self) -> int:
        """A number that no request had before. One that is then not used stays unused."""
        counter: Any = await self._counters.find_one_and_update(
            {"_id": "requests"}, {"$inc": {"taken": 1}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        return FIRST_NUMBER - 1 + int(counter["taken"])

    async def get(self, request_id: str) -> Request | None:
        """The request of that id."""
        return await self._find({"_id": request_id})

    async def holding(self, conversation_id: str) -> Request | None:
        """The request that a conversation is on."""
        return await self._find({"conversations.id": conversation_id})

    async def current_of(self, visitor_id: str) -> Request | None:
        """The request that takes what the visitor writes next."""
        return await self._find({"visitor.id": visitor_id, "channel": "chat", "current": True})

    async def held_by(self, agent_id: str) -> list[str]:
        """The ids of the open requests of an agent."""
        found = self.collection.find({"assignee.id": agent_id, "status": {"$in": OPEN}}, {"_id": True})
        return [document["_id"] async for document in found]

    async def held_by_any(self, agent_ids: Sequence[str], limit: int) -> list[str]:
        """The ids of open requests of the agents, up to ``limit``."""
        held: Document = {"assignee.id": {"$in": [*agent_ids]}, "status": {"$in": OPEN}}
        found = self.collection.find(held, {"_id": True}).limit(limit)
        return [document["_id"] async for document in found]

    async def linked_to(self, contact_id: str) -> AsyncIterator[str]:
        """The ids of the requests that are linked to the contact itself, not to one that was merged into it."""
        batch = [""]
        while batch:
            linked = {"link.contact_id": contact_id, "_id": {"$gt": batch[-1]}}
            found = self.collection.find(linked, {"_id": True}).sort("_id", ASCENDING).limit(_BATCH)
            batch = [document["_id"] for document in await found.to_list(_BATCH)]
            for request_id in batch:
                yield request_id

    async def of_person(
        self, contact_ids: Iterable[str], visitor_ids: Iterable[str], addresses: Iterable[str] = ()
    ) -> AsyncIterator[str]:
        """The ids of the requests that the contacts are on, that the visitors began, or that await the addresses."""
        found = self.collection.find(_of_person(contact_ids, visitor_ids, addresses), {"_id": True})
        for request_id in [document["_id"] async for document in found]:
            yield request_id

    async def visitors_of(self, contact_ids: Iterable[str]) -> list[str]:
        """The ids of the visitors whose requests the contacts are on."""
        return [found for found in await self.collection.distinct("visitor.id", _of_person(contact_ids, ())) if found]

    async def seen_as(self, visitor_ids: Iterable[str]) -> list[Visitor]:
        """What the visitors said of themselves, on each of their requests."""
        found = self.collection.find({"visitor.id": {"$in": [*visitor_ids]}}, {"visitor": True})
        return [Visitor(**document["visitor"]) async for document in found]

    async def forget_untold(self, request_id: str) -> None:
        """Drop events that were not published yet, but for the newest: they tell what must not be told any more."""
        await self.collection.update_one({"_id": request_id}, {"$push": {"outbox": {"$each": [], "$slice": -1}}})

    async def awaiting(self, addresses: Iterable[str]) -> list[str]:
        """The ids of the requests that are to be linked to the contact of one of the addresses."""
        found = self.collection.find({"awaits": {"$in": [*addresses]}}, {"_id": True})
        return [document["_id"] async for document in found]

    async def last_link_of(self, visitor_id: str) -> Link | None:
        """What an agent decided last about whom the visitor is."""
        decided: Document = {"visitor.id": visitor_id, "link.at": {"$exists": True}}
        found = await self.collection.find(decided, {"link": True}).sort("link.at", DESCENDING).limit(1).to_list(1)
        return Link(**found[0]["link"]) if found else None

    async def uses_reason(self, reason_id: str) -> bool:
        """Whether a request has this reason."""
        return await self.collection.find_one({"reason_id": reason_id}, {"_id": True}) is not None

    async def insert(self, change: Change, told: Sequence[Event[Any]] = ()) -> None:
        """Save a new request, and that ``told`` is to be told besides. Raises `Taken`."""
        entries, items = _entries_of(change, told), _items_of(change)
        document = to_document(change.request) | {"outbox": entries, "pending": items}
        try:
            await self.collection.insert_one({"_id": change.request.id, **document})
        except DuplicateKeyError:
            raise Taken from None
        await self._settle(change.request.id, items)
        self._relay.offer(self.collection, change.request.id, entries)

    async def replace(self, before: Request, change: Change, told: Sequence[Event[Any]] = ()) -> bool:
        """Save a change of ``before``, as in `insert`; False when the request has changed meanwhile. Raises `Taken`."""
        entries, items = _entries_of(change, told), _items_of(change)
        try:
            result = await self.collection.update_one(
                {"_id": before.id, "version": before.version},
                {
                    "$set": to_document(change.request),
                    "$push": {"outbox": {"$each": entries}, "pending": {"$each": items}},
                },
            )
        except DuplicateKeyError:
            raise Taken from None
        if not result.matched_count:
            return False
        await self._settle(before.id, items)
        self._relay.offer(self.collection, before.id, entries)
        return True

    async def page(self, listing: Listing, limit: int, cursor: str | None) -> tuple[list[Request], str | None]:
        """One page of a list, and the cursor of the next. Raises `Invalid` for a bad cursor."""
        name, field, direction = SORTS[listing.sort]
        condition = _condition(listing)
        if cursor is not None:
            kind = int if field == "urgency" else datetime
            value, request_id = decode_cursor(cursor, kind, str)
            beyond, passed = ("$gte", "$lte") if direction == ASCENDING else ("$lte", "$gte")
            # One range of the index; what shares the cursor's value and was shown is left out of it.
            condition |= {field: {beyond: value}, "$nor": [{field: value, "_id": {passed: request_id}}]}
        if listing.holders == () or not listing.statuses:
            return [], None
        found = (
            await self.collection.find(condition, {"outbox": False, "pending": False})
            .sort([(field, direction), ("_id", direction)])
            .hint(await self._index_for(listing, name))
            .limit(limit + 1)
            .to_list(limit + 1)
        )
        last = found[limit - 1] if len(found) > limit else None
        return (
            [from_document(document) for document in found[:limit]],
            encode_cursor((last[field], last["_id"])) if last else None,
        )

    async def _index_for(self, listing: Listing, sort_name: str) -> str:
        if listing.contact_id is not None:
            return "contact"
        for word in listing.words:
            if await self.collection.count_documents(_beginning(word), hint="words", limit=FEW) < FEW:
                return "words"
        owner = "holder" if listing.holders is not None else "reason" if listing.reason_id is not None else "team"
        return f"{owner}_by_{sort_name}"

    async def counts(self, viewer_id: str) -> dict[str, int]:
        """How many requests each view of ``viewer_id`` has. That of all is from the collection's own count."""
        still_open: Document = {"status": {"$in": OPEN}}
        return {
            "all": await self.collection.estimated_document_count(),
            "open": await self.collection.count_documents(still_open),
            "mine": await self.collection.count_documents(still_open | {"assignee.id": viewer_id}),
            "unassigned": await self.collection.count_documents(still_open | {"assignee.id": None}),
        }

    async def _find(self, condition: Document) -> Request | None:
        document = await self.collection.find_one(condition, {"outbox": False})
        if document is None:
            return None
        if document["pending"]:
            await self._settle(document["_id"], document["pending"])
        return from_document(document)

    async def _settle(self, request_id: str, pending: list[Document]) -> None:
        """Copy pending items to the timeline, then take them off the request: a crash between does no harm."""
        if not pending:
            return
        await self._items.write(timeline.from_document(document) for document in pending)
        done = [{"_id": document["_id"], "revision": document.get("revision")} for document in pending]
        await self.collection.update_one({"_id": request_id}, {"$pull": {"pending": {"$or": done}}})


def _condition(listing: Listing) -> Document:
    condition: Document = {
        "status": _one_of(listing.statuses),
        "channel": _one_of(listing.channels),
        "priority": _one_of(listing.priorities),
    }
    if listing.holders is not None:
        condition["assignee.id"] = _one_of(listing.holders)
    if listing.reason_id is not None:
        condition["reason_id"] = listing.reason_id
    if listing.contact_id is not None:
        condition["contact.id"] = listing.contact_id
    if listing.words:
        condition["$and"] = [_beginning(word) for word in listing.words]
    return condition


def _beginning(word: str) -> Document:
    # Words are letters and digits only: nothing in them is special in a regular expression.
    return {"words": {"$regex": f"^{word}"}}


def _of_person(contact_ids: Iterable[str], visitor_ids: Iterable[str], addresses: Iterable[str] = ()) -> Document:
    contacts, visitors, awaited = {"$in": [*contact_ids]}, {"$in": [*visitor_ids]}, {"$in": [*addresses]}
    fields = {"link.contact_id": contacts, "contact.id": contacts, "visitor.id": visitors, "awaits": awaited}
    return {"$or": [{name: one_of} for name, one_of in fields.items()]}


def _one_of(values: tuple[Any, ...]) -> Any:
    return values[0] if len(values) == 1 else {"$in": values}


def _entries_of(change: Change, told: Sequence[Event[Any]]) -> list[Document]:
    # The request's own is the last: after an erasure it is the only one that may still be told.
    return [outbox.pending(event) for event in (*told, changed(change.request))]


def _items_of(change: Change) -> list[Document]:
    return [timeline.to_document(item) for item in change.items]
