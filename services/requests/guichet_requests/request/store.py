"""Requests in MongoDB; the only file that knows their field names.

A change is one write of the request's document: its state, the event to publish (``outbox``) and the items that it
adds to the timeline (``pending``). The items are then copied to the timeline and taken off the document; whoever
reads a request next does that first where a crash prevented it, so a timeline never lacks what its request tells of.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from guichet_kit import outbox
from guichet_kit.mongo import (
    ASCENDING,
    DESCENDING,
    MAJORITY,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    ReturnDocument,
)
from guichet_kit.outbox import OUTBOX_INDEX, Relay
from guichet_kit.pages import decode_cursor, encode_cursor

from guichet_requests.request.conversation import Conversation
from guichet_requests.request.events import changed
from guichet_requests.request.listing import OPEN, Listing
from guichet_requests.request.request import Assignee, Change, Contact, Priority, Request, Visitor
from guichet_requests.timeline import store as timeline
from guichet_requests.timeline.store import TimelineStore

COLLECTION = "requests"
FIRST_NUMBER = 1001

_URGENCY: dict[Priority, int] = {"low": 0, "medium": 1, "high": 2}

# Each list is one range, or a merge of a few ranges, of one of these: statuses and channels are few, so a list that
# lets several through reads each one's range in order and merges them (SORT_MERGE), without sorting.
_SORTS: dict[str, tuple[str, str, int]] = {
    "-last_activity_at": ("activity", "last_activity_at", DESCENDING),
    "created_at": ("created", "created_at", ASCENDING),
    "-priority": ("urgency", "urgency", DESCENDING),
}
_INDEXES = [
    OUTBOX_INDEX,
    IndexModel("number", name="number", unique=True),
    IndexModel(
        "conversations.id",
        name="conversation",
        unique=True,
        partialFilterExpression={"conversations.id": {"$exists": True}},
    ),
    # What a visitor writes next has one place to go to.
    IndexModel(
        "visitor.id",
        name="current_of_visitor",
        unique=True,
        partialFilterExpression={"channel": "chat", "current": True},
    ),
    *(
        IndexModel(
            [*prefix, ("status", ASCENDING), ("channel", ASCENDING), (field, direction), ("_id", direction)],
            name=f"{owner}_{name}",
        )
        for name, field, direction in _SORTS.values()
        for owner, prefix in (("team", []), ("holder", [("assignee.id", ASCENDING)]))
    ),
]


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
        await self.collection.create_indexes(_INDEXES)

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

    async def insert(self, change: Change) -> None:
        """Save a new request. Raises `Taken`."""
        entry, items = outbox.pending(changed(change.request)), _items_of(change)
        document = _to_document(change.request) | {"outbox": [entry], "pending": items}
        try:
            await self.collection.insert_one({"_id": change.request.id, **document})
        except DuplicateKeyError:
            raise Taken from None
        await self._settle(change.request.id, items)
        self._relay.offer(self.collection, change.request.id, [entry])

    async def replace(self, before: Request, change: Change) -> bool:
        """Save a change of ``before``; False when the request has changed meanwhile. Raises `Taken`."""
        entry, items = outbox.pending(changed(change.request)), _items_of(change)
        try:
            result = await self.collection.update_one(
                {"_id": before.id, "version": before.version},
                {
                    "$set": _to_document(change.request),
                    "$push": {"outbox": entry, "pending": {"$each": items}},
                },
            )
        except DuplicateKeyError:
            raise Taken from None
        if not result.matched_count:
            return False
        await self._settle(before.id, items)
        self._relay.offer(self.collection, before.id, [entry])
        return True

    async def page(self, listing: Listing, limit: int, cursor: str | None) -> tuple[list[Request], str | None]:
        """One page of a list, and the cursor of the next. Raises `Invalid` for a bad cursor."""
        name, field, direction = _SORTS[listing.sort]
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
            .hint(f"{'team' if listing.holders is None else 'holder'}_{name}")
            .limit(limit + 1)
            .to_list(limit + 1)
        )
        last = found[limit - 1] if len(found) > limit else None
        return (
            [_from_document(document) for document in found[:limit]],
            encode_cursor((last[field], last["_id"])) if last else None,
        )

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
        return _from_document(document)

    async def _settle(self, request_id: str, pending: list[Document]) -> None:
        """Copy pending items to the timeline, then take them off the request: a crash between does no harm."""
        if not pending:
            return
        await self._items.write(timeline.from_document(document) for document in pending)
        done = {"_id": {"$in": [document["_id"] for document in pending]}}
        await self.collection.update_one({"_id": request_id}, {"$pull": {"pending": done}})


def _condition(listing: Listing) -> Document:
    condition: Document = {"status": _one_of(listing.statuses), "channel": _one_of(listing.channels)}
    if listing.holders is not None:
        condition["assignee.id"] = _one_of(listing.holders)
    filters = {
        "priority": listing.priority,
        "reason_id": listing.reason_id,
        "contact.id": listing.contact_id,
    }
    return condition | {field: value for field, value in filters.items() if value is not None}


def _one_of(values: tuple[Any, ...]) -> Any:
    return values[0] if len(values) == 1 else {"$in": values}


def _items_of(change: Change) -> list[Document]:
    return [timeline.to_document(item) for item in change.items]


def _to_document(request: Request) -> Document:
    document = asdict(request)
    del document["id"]
    return document | {
        "conversations": [
            {**conversation, "heard": [*conversation["heard"]], "unread": [*conversation["unread"]]}
            for conversation in document["conversations"]
        ],
        "current": request.current,
        # Priority, then activity, in one number: a page of that list is one range of an index, too.
        "urgency": _URGENCY[request.priority] * 10**14 + round(request.last_activity_at.timestamp() * 1000),
    }


def _from_document(document: Document) -> Request:
    stored = {name: document[name] for name in document if name not in _NOT_OF_THE_NOUN}
    return Request(
        id=document["_id"],
        **stored
        | {
            "visitor": stored["visitor"] and Visitor(**stored["visitor"]),
            "contact": stored["contact"] and Contact(**stored["contact"]),
            "assignee": stored["assignee"] and Assignee(**stored["assignee"]),
            "previewed": stored["previewed"] and tuple(stored["previewed"]),
            "conversations": tuple(
                Conversation(**c | {"heard": _spans(c["heard"]), "unread": _spans(c["unread"])})
                for c in stored["conversations"]
            ),
        },
    )


_NOT_OF_THE_NOUN = frozenset({"_id", "outbox", "outbox_lease", "pending", "current", "urgency"})


def _spans(stored: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(span) for span in stored)
