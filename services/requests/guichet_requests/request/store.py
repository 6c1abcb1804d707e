"""Requests in MongoDB; with ``documents.py`` the only file that knows their field names.

A change is one write of the request's document: its state, that it is to be told of (``untold``, see ``telling.py``),
what else is to be told (``outbox``) and the items that it adds to the timeline (``pending``). The items are then copied
to the timeline and taken off the document; whoever reads a request next does that first where a crash prevented it, so
a timeline never lacks what its request tells of.

Entries of a conversation that is on the request need no ``pending``: their ids are their own, and what writes them
comes again until all is done. So they go to the timeline first, then the request changes.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from guichet_contracts.event import Event
from guichet_kit import outbox
from guichet_kit.clock import now
from guichet_kit.mongo import (
    ASCENDING,
    DESCENDING,
    MAJORITY,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    OperationFailure,
    ReturnDocument,
    UpdateOne,
    create_indexes,
    update_each,
)
from guichet_kit.outbox import Relay

from guichet_requests.request import lists
from guichet_requests.request.conversation import Conversation
from guichet_requests.request.documents import conversation_of, difference, from_document, to_document
from guichet_requests.request.indexes import ANY_CASE, GONE, INDEXES
from guichet_requests.request.listing import OPEN, Listing
from guichet_requests.request.request import Change, Contact, Link, Request, Visitor
from guichet_requests.request.telling import Telling
from guichet_requests.request.unanswered import UnansweredStore
from guichet_requests.timeline import store as timeline
from guichet_requests.timeline.store import TimelineStore

COLLECTION = "requests"
FIRST_NUMBER = 1001
_BATCH = 200


_NOT_MARKS: Document = {"outbox": False, "pending": False}


class Taken(Exception):
    """A unique key of the request is another's already: its id, a conversation, or its visitor's current place."""


class RequestStore:
    """The requests, their numbers, and their way onto the timeline and into the outbox."""

    def __init__(self, database: Database, items: TimelineStore, relay: Relay, telling: Telling) -> None:
        # What was heard before is acknowledged without a write, so it must be what no failover can take back.
        self.collection: Collection = database[COLLECTION].with_options(read_concern=MAJORITY)
        self._counters: Collection = database["counters"]
        self._items, self._relay, self._telling = items, relay, telling
        self.unanswered = UnansweredStore(database)

    async def prepare(self) -> None:
        """Create the indexes, and drop those that nothing uses any more."""
        await create_indexes(self.collection, INDEXES)
        await self.unanswered.prepare()
        for name in GONE:
            with contextlib.suppress(OperationFailure):  # it is gone already
                await self.collection.drop_index(name)

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
        self,
        contact_ids: Iterable[str],
        visitor_ids: Iterable[str],
        addresses: Iterable[str] = (),
        *,
        until: datetime | None = None,
    ) -> AsyncIterator[str]:
        """The ids of the requests that the contacts are on, that the visitors began, or that await the addresses.

        ``until``: of the last, those that began up to then.
        """
        found = self.collection.find(_of_person(contact_ids, visitor_ids, addresses, until), {"_id": True})
        for request_id in [document["_id"] async for document in found]:
            yield request_id

    async def visitors_of(self, contact_ids: Iterable[str]) -> list[str]:
        """The ids of the visitors whose requests the contacts are on."""
        return [found for found in await self.collection.distinct("visitor.id", _of_person(contact_ids, ())) if found]

    async def seen_as(self, visitor_ids: Iterable[str]) -> list[Visitor]:
        """What the visitors said of themselves, on each of their requests."""
        found = self.collection.find({"visitor.id": {"$in": [*visitor_ids]}}, {"visitor": True})
        return [Visitor(**document["visitor"]) async for document in found]

    async def claiming(self, addresses: Iterable[str]) -> list[Request]:
        """The chat requests of visitors who gave one of the addresses, however it was cased."""
        claimed: Document = {"channel": "chat", "visitor.email": {"$in": [*addresses]}}
        found = self.collection.find(claimed, _NOT_MARKS, collation=ANY_CASE).limit(_BATCH)
        return [from_document(document) for document in await found.to_list(_BATCH)]

    async def shown_as(self, contact_ids: Iterable[str]) -> list[Contact]:
        """What is shown of the contacts on their requests."""
        found = self.collection.find({"contact.id": {"$in": [*contact_ids]}}, {"contact": True})
        return [Contact(**document["contact"]) async for document in found]

    async def rewrite_untold(self, request_id: str, change: Callable[[Document], Document]) -> None:
        """Put what ``change`` makes of each event that was not published yet in its place; none is taken away."""
        document = await self.collection.find_one({"_id": request_id}, {"outbox": True})
        for entry in (document or {}).get("outbox", ()):
            after = change(entry["event"])
            if after != entry["event"]:
                # By its id: the relay may have taken it off, or others may have added some, meanwhile.
                there = {"_id": request_id, "outbox.id": entry["id"]}
                await self.collection.update_one(there, {"$set": {"outbox.$.event": after}})
        await self.unanswered.rewrite(request_id, change)

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
        entries, items = _entries_of(told), _items_of(change)
        document = to_document(change.request) | {"outbox": entries, "pending": items, "untold": now()}
        noted = await self.unanswered.note(change.request.id, told)
        try:
            await self.collection.insert_one({"_id": change.request.id, **document})
        except DuplicateKeyError:
            await self.unanswered.take_back(noted)
            raise Taken from None
        await self._settle(change.request.id, items)
        self._relay.offer(self.collection, change.request.id, entries)
        self._telling.tell(change.request)

    async def replace(self, before: Request, change: Change, told: Sequence[Event[Any]] = ()) -> bool:
        """Save a change of ``before``, as in `insert`; False when the request has changed meanwhile. Raises `Taken`."""
        entries, items = _entries_of(told), _items_of(change)
        arrays = {"outbox": entries, "pending": items}
        pushed = {name: {"$each": added} for name, added in arrays.items() if added}
        noted = await self.unanswered.note(before.id, told)
        update = self._changing(before, change.request) | ({"$push": pushed} if pushed else {})
        try:
            result = await self.collection.update_one(_at_version(before), update)
        except DuplicateKeyError:
            await self.unanswered.take_back(noted)
            raise Taken from None
        if not result.matched_count:
            await self.unanswered.take_back(noted)
            return False
        await self._settle(before.id, items)
        self._relay.offer(self.collection, before.id, entries)
        self._telling.tell(change.request)
        return True

    async def take_in(self, before: Request, change: Change) -> bool:
        """As `replace`, for entries of conversations that are on the request: they go to the timeline first.

        The two are one only when whoever calls comes again after a crash between them.
        """
        await self._items.add(change.items)
        return await self.replace(before, Change(change.request))

    async def holding_any(self, conversation_ids: Iterable[str]) -> list[Request]:
        """The requests that the conversations are on, as far as they are on any."""
        found = self.collection.find({"conversations.id": {"$in": [*conversation_ids]}}, _NOT_MARKS)
        return [from_document(document) for document in await found.to_list(None)]

    async def conversations_of(self, conversation_ids: Iterable[str]) -> dict[str, Conversation]:
        """What was heard of these conversations, as far as they are on any request."""
        asked = {*conversation_ids}
        found = self.collection.find({"conversations.id": {"$in": [*asked]}}, {"conversations": True})
        return {
            stored["id"]: conversation_of(stored)
            for document in await found.to_list(None)
            for stored in document["conversations"]
            if stored["id"] in asked
        }

    async def holed(self, after_id: str, limit: int) -> list[tuple[str, list[Conversation]]]:
        """The ids of requests on which entries are missing before others, after an id, with their conversations."""
        found = (
            self.collection.find({"holed": True, "_id": {"$gt": after_id}}, {"conversations": True})
            .sort("_id", ASCENDING)
            .hint("holed")
            .limit(limit)
        )
        return [
            (document["_id"], [conversation_of(stored) for stored in document["conversations"]])
            for document in await found.to_list(limit)
        ]

    async def untold(self) -> tuple[int, datetime | None]:
        """How many changed requests were not told of yet, and since when the oldest waits."""
        marked: Document = {"untold": {"$exists": True}}
        first = await self.collection.find_one(marked, {"untold": True}, sort=[("untold", ASCENDING)])
        return await self.collection.count_documents(marked), first["untold"] if first else None

    def tell(self, request: Request) -> None:
        """Tell of the request as it was read."""
        self._telling.tell(request)

    async def take_in_many(self, changes: Sequence[tuple[Request, Change]]) -> tuple[bool, frozenset[int]]:
        """As `take_in`, for many requests in one command each.

        Whether each was still at its version or was refused, and the indexes of those that a unique key refused.
        """
        await self._items.add(item for _, change in changes for item in change.items)
        updates = [UpdateOne(_at_version(before), self._changing(before, change.request)) for before, change in changes]
        matched, refused = await update_each(self.collection, updates)
        whole = matched + len(refused) == len(changes)
        if whole:
            for index, (_, change) in enumerate(changes):
                if index not in refused:
                    self._telling.tell(change.request)
        return whole, refused

    async def page(self, listing: Listing, limit: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """The rows of one page of a list, and the cursor of the next. Raises `Invalid` for a bad cursor."""
        return await lists.page(self.collection, listing, limit, cursor)

    async def counts(self, viewer_id: str) -> dict[lists.CountedView, int]:
        """`lists.counts`."""
        return await lists.counts(self.collection, viewer_id)

    async def _find(self, condition: Document) -> Request | None:
        document = await self.collection.find_one(condition, {"outbox": False})
        if document is None:
            return None
        if document.get("pending"):
            await self._settle(document["_id"], document["pending"])
        return from_document(document)

    def _changing(self, before: Request, after: Request) -> Document:
        # The mark keeps the time of the oldest change that was not told of; and its index seldom moves.
        moved = self._telling.moved_mark(before.id)
        if moved:
            return {"$set": difference(before, after) | {"untold": moved}}
        return {"$set": difference(before, after), "$min": {"untold": now()}}

    async def _settle(self, request_id: str, pending: list[Document]) -> None:
        """Copy pending items to the timeline, then take them off the request: a crash between does no harm."""
        if not pending:
            return
        await self._items.write(timeline.from_document(document) for document in pending)
        done = [{"_id": document["_id"], "revision": document.get("revision")} for document in pending]
        await self.collection.update_one({"_id": request_id}, {"$pull": {"pending": {"$or": done}}})


def _of_person(
    contact_ids: Iterable[str],
    visitor_ids: Iterable[str],
    addresses: Iterable[str] = (),
    until: datetime | None = None,
) -> Document:
    contacts, visitors, awaited = {"$in": [*contact_ids]}, {"$in": [*visitor_ids]}, {"$in": [*addresses]}
    fields = {"link.contact_id": contacts, "contact.id": contacts, "visitor.id": visitors}
    began: Document = {"created_at": {"$lte": until}} if until else {}
    return {"$or": [*({name: one_of} for name, one_of in fields.items()), {"awaits": awaited} | began]}


def _at_version(request: Request) -> Document:
    return {"_id": request.id, "version": request.version}


def _entries_of(told: Sequence[Event[Any]]) -> list[Document]:
    return [outbox.pending(event) for event in told]


def _items_of(change: Change) -> list[Document]:
    return [timeline.to_document(item) for item in change.items]
