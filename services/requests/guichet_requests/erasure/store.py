"""Erasures in MongoDB: what is to go, until it is gone; afterwards only that it went, and what with it.

Of an address a keyed hash is kept (`guichet_contracts.addresses.trace_of`): what waited while its sender was erased,
and be it for weeks in a dead letter queue, is known by it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from guichet_contracts.addresses import trace_of
from guichet_kit import outbox
from guichet_kit.clock import now
from guichet_kit.mongo import MAJORITY, Collection, Database, Document, IndexModel, create_indexes
from guichet_kit.outbox import OUTBOX_INDEX, Relay
from guichet_kit.redact import word_traces

from guichet_requests.erasure.erasure import Erasure
from guichet_requests.erasure.events import visitors_erased
from guichet_requests.guard import Person

COLLECTION = "erasures"
_SETS = tuple(field.name for field in fields(Erasure) if field.name not in ("contact_id", "at"))
_TELLING = ("names", "addresses", "phones")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an erasure is: begun, finished here, and done by which other service when."""

    contact_id: str
    erased_at: datetime | None
    begun_at: datetime | None
    finished_at: datetime | None
    requests: int
    done: dict[str, datetime]


class ErasureStore:
    """The collection ``erasures``; ``secret`` is the installation's."""

    def __init__(self, database: Database, relay: Relay, secret: bytes) -> None:
        self.collection: Collection = database[COLLECTION].with_options(read_concern=MAJORITY)
        self._relay, self._secret = relay, secret

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(
            self.collection,
            [
                OUTBOX_INDEX,
                IndexModel("visitor_ids", name="visitor"),
                IndexModel("contact_ids", name="contact"),
                IndexModel("request_ids", name="request"),
                IndexModel("traces", name="trace"),
                IndexModel("attachment_ids", name="file"),
                IndexModel("begun_at", name="begun"),
                IndexModel("finished_at", name="finished", sparse=True),
            ],
        )

    async def add(self, erasure: Erasure) -> Erasure:
        """Remember what is to go, beside what was found at an attempt that did not come to its end."""
        known = erasure.with_more(traces=[trace_of(self._secret, one) for one in erasure.addresses])
        found: Document = {name: {"$each": sorted(getattr(known, name))} for name in _SETS}
        first: Document = {"begun_at": now()} | ({"at": erasure.at} if erasure.at else {})
        change = {"$addToSet": found, "$setOnInsert": first, "$unset": {"finished_at": ""}}
        await self.collection.update_one({"_id": erasure.contact_id}, change, upsert=True)
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

    async def of_person(self, person: Person) -> list[Erasure]:
        """The erasures that the person went with, or goes with now."""
        told: dict[str, Iterable[str]] = {"contact_ids": person.contact_ids, "visitor_ids": person.visitor_ids}
        told["attachment_ids"] = person.file_ids
        ways: list[Document] = [{name: {"$in": [*ids]}} for name, ids in told.items() if ids]
        if person.received_at is not None:
            traces = [trace_of(self._secret, address) for address in person.addresses]
            since = {"at": {"$gte": person.received_at}}
            ways += [{"traces": {"$in": traces}} | since] if traces else []
            ways += [{"request_ids": {"$in": [*person.request_ids]}} | since] if person.request_ids else []
        if person.since is not None:
            under_way: Document = {"$or": [{"finished_at": None}, {"finished_at": {"$gte": person.since}}]}
            ways.append({"request_ids": {"$in": [*person.request_ids]}} | under_way)
        if not ways:
            return []
        return [_from_document(one) for one in await self.collection.find({"$or": ways}).to_list(None)]

    async def finish(self, erasure: Erasure) -> None:
        """Forget what was looked for, and tell the other services, in one write."""
        words = word_traces(self._secret, erasure.names, erasure.addresses, erasure.phones)
        entry = outbox.pending(visitors_erased(erasure, words))
        change = {
            "$unset": dict.fromkeys(_TELLING, ""),
            "$set": {"finished_at": now()},
            "$push": {"outbox": entry},
        }
        await self.collection.update_one({"_id": erasure.contact_id}, change)
        self._relay.offer(self.collection, erasure.contact_id, [entry])

    async def leave(self, erasure: Erasure, email_id: str, file_ids: Iterable[str]) -> None:
        """A mail that came before the erasure is left: whoever keeps it is told, in the same write."""
        more = erasure.with_more(email_ids=[email_id], attachment_ids=file_ids)
        entry = outbox.pending(visitors_erased(more))
        added: Document = {"email_ids": email_id, "attachment_ids": {"$each": sorted(file_ids)}}
        await self.collection.update_one({"_id": erasure.contact_id}, {"$addToSet": added, "$push": {"outbox": entry}})
        self._relay.offer(self.collection, erasure.contact_id, [entry])

    async def claim_unfinished(self, idle: timedelta) -> Erasure | None:
        """An erasure that did not come to its end and that nobody has gone on with for so long; it is the caller's."""
        moment = now()
        waiting: Document = {
            "finished_at": None,
            "begun_at": {"$lt": moment - idle},
            "$or": [{"resumed_at": None}, {"resumed_at": {"$lt": moment - idle}}],
        }
        document: Any = await self.collection.find_one_and_update(waiting, {"$set": {"resumed_at": moment}})
        return _from_document(document) if document else None

    async def finished_since(self, moment: datetime) -> list[Erasure]:
        """The erasures that came to their end since then."""
        found = self.collection.find({"finished_at": {"$gte": moment}, "begun_at": {"$exists": True}})
        return [_from_document(one) for one in await found.to_list(None)]

    async def done(self, contact_id: str, service: str, at: datetime) -> None:
        """Another service has forgotten what it was told to."""
        await self.collection.update_one({"_id": contact_id}, {"$max": {f"done.{service}": at}})

    async def progress(self, contact_id: str) -> Progress | None:
        """How far the erasure of the contact is; None where it was not heard of."""
        document = await self.collection.find_one({"_id": contact_id})
        return _progress(document) if document else None

    async def newest(self, limit: int) -> list[Progress]:
        """How far the erasures are that began last, the newest first."""
        found = self.collection.find({}).sort("begun_at", -1).limit(limit)
        return [_progress(document) async for document in found]


def _progress(document: Document) -> Progress:
    return Progress(
        document["_id"],
        document.get("at"),
        document.get("begun_at"),
        document.get("finished_at"),
        len(document.get("request_ids", ())),
        document.get("done", {}),
    )


def _from_document(document: Document) -> Erasure:
    found = {name: frozenset(document.get(name, ())) for name in _SETS}
    return Erasure(document["_id"], document.get("at"), **found)
