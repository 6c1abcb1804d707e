"""Which closed requests are old, and letting go of them: in one transaction with what tells the other services.

Of an open request nothing goes; nor of one with an open conversation, or with something that is still to be told.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from guichet_contracts.requests import RequestExpired
from guichet_kit.mongo import ASCENDING, Collection, Database, Document, IndexModel, create_indexes, in_transaction
from guichet_kit.outbox import OUTBOX_INDEX, Relay, pending
from guichet_kit.retention import Due, due_in

from guichet_requests.request.documents import from_document
from guichet_requests.request.request import Request
from guichet_requests.request.unanswered import COLLECTION as UNANSWERED
from guichet_requests.timeline.item import Item
from guichet_requests.timeline.store import from_document as item_of

COLLECTION = "expired"
What = Literal["all", "files", "raw_mail"]
_BATCH = 100


class ExpiredStore:
    """The collection ``expired`` holds what is to be told; the others are those of requests."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self._database, self._relay = database, relay
        self.collection: Collection = database[COLLECTION]
        self._requests, self._items = database["requests"], database["timeline"]
        self._filings, self._files = database["filings"], database["files"]
        self._unanswered: Collection = database[UNANSWERED]

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(self.collection, [OUTBOX_INDEX])
        closed = {"closed_at": {"$type": "date"}}
        index = IndexModel([("closed_at", ASCENDING)], name="closed", partialFilterExpression=closed)
        await create_indexes(self._requests, [index])
        named = {"attachments.id": {"$exists": True}}
        await create_indexes(self._items, [IndexModel("attachments.id", name="file", partialFilterExpression=named)])

    async def due(self, what: What, before: datetime) -> Due:
        """How many closed requests are so old, and since when the oldest is closed."""
        return await due_in(self._requests, _old(what, before), "closed_at")

    async def some(self, what: What, before: datetime) -> list[Request]:
        """Some of them, those closed first."""
        found = self._requests.find(_old(what, before)).sort("closed_at", ASCENDING).limit(_BATCH)
        return [from_document(document) for document in await found.to_list(_BATCH)]

    async def items(self, request: Request) -> list[Item]:
        """All of the request's timeline."""
        return [item_of(document) async for document in self._items.find({"request_id": request.id})]

    async def named_elsewhere(self, request: Request, file_ids: Iterable[str]) -> set[str]:
        """Those of the files that stand on another request, too: an agent may have sent one twice."""
        asked = {*file_ids}
        others: Document = {"attachments.id": {"$in": [*asked], "$exists": True}, "request_id": {"$ne": request.id}}
        found = self._items.find(others, {"attachments.id": True})
        return {file["id"] async for document in found for file in document["attachments"]} & asked

    async def let_go(self, what: What, request: Request, before: datetime, event: RequestExpired) -> bool:
        """Let go of the request, or note that its files or raw mails go; False where it is not old any more."""
        entries = [pending(event)]
        there = _old(what, before) | {"_id": request.id, "version": request.version}

        async def work(session: Any) -> bool:
            if what == "all":
                found = (await self._requests.delete_one(there, session=session)).deleted_count
            else:
                mark = {"$set": {f"let_go.{what}": request.closed_at}}
                found = (await self._requests.update_one(there, mark, session=session)).matched_count
            if not found:
                return False
            if what == "all":
                await self._items.delete_many({"request_id": request.id}, session=session)
                await self._unanswered.delete_many({"request_id": request.id}, session=session)
                await self._filings.delete_many({"_id": {"$in": [*event.data.email_ids]}}, session=session)
            await self._files.delete_many({"_id": {"$in": _files_of(what, event)}}, session=session)
            await self.collection.insert_one({"_id": event.id, "outbox": entries}, session=session)
            return True

        if not await in_transaction(self._database, work):
            return False
        self._relay.offer(self.collection, event.id, entries)
        return True

    async def tidy_up(self) -> None:
        """Forget what was told."""
        await self.collection.delete_many({"outbox": []})


def _files_of(what: What, event: RequestExpired) -> Sequence[str]:
    return [] if what == "raw_mail" else [*event.data.attachment_ids]


def _old(what: What, before: datetime) -> Document:
    old: Document = {
        "status": "closed",
        "closed_at": {"$lt": before},
        "last_activity_at": {"$lt": before},
        "conversations": {"$not": {"$elemMatch": {"closed_seq": None}}},
        "outbox.0": {"$exists": False},
        "pending.0": {"$exists": False},
        "untold": {"$exists": False},
    }
    if what != "all":
        # One that was opened again since, and closed, may have more of it by now.
        old["$expr"] = {"$ne": ["$closed_at", f"$let_go.{what}"]}
    return old
