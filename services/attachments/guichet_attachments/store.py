"""MongoDB: the documents of attachments. The only file that knows their fields."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from guichet_contracts.claims import TEMPLATE, template_scope
from guichet_kit.mongo import ASCENDING, Database, Document, DuplicateKeyError, IndexModel, create_indexes
from guichet_kit.outbox import OUTBOX_INDEX

from guichet_attachments.attachment import Attachment, Person, State

_INDEXES = [
    OUTBOX_INDEX,
    IndexModel("object", name="object", unique=True),
    IndexModel([("state", ASCENDING), ("touched_at", ASCENDING)], name="state"),
    # Where each of these is absent there is nothing to find, so the indexes stay as small as what waits.
    IndexModel("check_after", name="check_after", sparse=True),
    IndexModel("kept_until", name="kept_until", sparse=True),
    IndexModel("linked_at", name="linked_at", sparse=True),
    IndexModel("erased", name="erased", sparse=True),
    IndexModel("owner.id", name="owner"),
    IndexModel("scope", name="scope"),
]
_BATCH = 100
ERASED_KEPT = timedelta(days=60)
"""How long it is remembered who was erased: twice as long as a visitor's token is good for."""

_HELD = [State.CHECKING, State.READY]


class AttachmentStore:
    """The collection ``attachments``. A step is written only while the document is still as it was read."""

    def __init__(self, database: Database) -> None:
        self.collection = database["attachments"]
        self._erased = database["erased"]

    async def ensure_indexes(self) -> None:
        """Make the indexes that are missing."""
        await create_indexes(self.collection, _INDEXES)
        seconds = int(ERASED_KEPT.total_seconds())
        await create_indexes(self._erased, [IndexModel("at", name="at", expireAfterSeconds=seconds)])

    async def begin(self, attachment: Attachment) -> bool:
        """Take the id; False when it is taken. An attempt of the same owner that was not finished is taken over."""
        document = _document(attachment)
        try:
            await self.collection.insert_one(document)
        except DuplicateKeyError:
            unfinished = {"_id": attachment.id, "state": State.RECEIVING, "owner": document["owner"]}
            return (await self.collection.replace_one(unfinished, document)).matched_count == 1
        return True

    async def get(self, attachment_id: str) -> Attachment | None:
        """The attachment, where there is one."""
        document = await self.collection.find_one({"_id": attachment_id})
        return _attachment(document) if document else None

    async def move(
        self,
        before: Attachment,
        after: Attachment,
        *,
        outbox: Sequence[Document] = (),
        check_after: datetime | None = None,
    ) -> bool:
        """Write the step from ``before`` to ``after`` with its events; False when somebody else was first.

        A file that is left in ``checking`` is offered to `claim_check` from ``check_after`` on.
        """
        values = _document(after)
        for linked in ("linked_at", "in_template", "kept_until", "readers"):
            values.pop(linked, None)  # these are only ever changed by the links and `keep`
        if before.kept_until is None and after.kept_until is not None:
            values["kept_until"] = after.kept_until
        change: Document = {"$set": values, "$push": {"outbox": {"$each": list(outbox)}}}
        if check_after is None:
            change["$unset"] = {"check_after": ""}
        else:
            values["check_after"] = check_after
        return (await self.collection.update_one(_as_read(before), change)).matched_count == 1

    async def claim_check(self, now: datetime, lease: timedelta) -> Attachment | None:
        """A file whose check is due, for the caller alone until the lease ends."""
        due = {"state": State.CHECKING, "check_after": {"$lte": now}}
        document = await self.collection.find_one_and_update(
            due, {"$set": {"check_after": now + lease}}, sort=[("check_after", ASCENDING)]
        )
        return _attachment(document) if document else None

    async def postpone_check(self, attachment: Attachment, until: datetime) -> None:
        """Give the claim back: the check is due again at ``until``."""
        await self.collection.update_one(_as_read(attachment), {"$set": {"check_after": until}})

    async def link(self, ids: Sequence[str], readers: Sequence[str], at: datetime) -> int:
        """Note that something which the visitors ``readers`` may read names these files; returns how many there are.

        Those of an erased person stay let go, whoever names them, and however late.
        """
        first_time = {"$ifNull": ["$linked_at", at]}
        all_readers = {"$setUnion": [{"$ifNull": ["$readers", []]}, list(readers)]}
        linked = await self.collection.update_many(
            {"_id": {"$in": list(ids)}, "erased": {"$ne": True}},
            [{"$set": {"linked_at": first_time, "readers": all_readers}}, {"$unset": "kept_until"}],
        )
        return linked.matched_count

    async def link_template(
        self, template_id: str, version: int, ids: Sequence[str], at: datetime, kept_until: datetime
    ) -> None:
        """Note which of its files the template names at this version; what a newer one has said of a file stays.

        A file let go stays until ``kept_until``; where a message names it, as if that had been at ``at``.
        """
        older: Document = {"scope": template_scope(template_id), "template_version": {"$not": {"$gte": version}}}
        await self.collection.update_many(
            older | {"_id": {"$in": list(ids)}},
            {"$set": {"in_template": True, "template_version": version}, "$unset": {"kept_until": ""}},
        )
        sent = {"$gt": ["$linked_at", None]}
        let_go = {
            "linked_at": {"$cond": [{"$and": ["$in_template", sent]}, at, "$linked_at"]},
            "kept_until": {"$cond": [{"$and": ["$in_template", {"$not": sent}]}, kept_until, "$kept_until"]},
            "in_template": False,
            "template_version": version,
        }
        await self.collection.update_many(older | {"_id": {"$nin": list(ids)}}, [{"$set": let_go}])

    async def keep(self, attachment_id: str, until: datetime) -> None:
        """Keep a file that nothing names yet until then."""
        unnamed = {"_id": attachment_id, "linked_at": {"$exists": False}, "in_template": {"$ne": True}}
        await self.collection.update_one(unnamed, {"$set": {"kept_until": until}})

    async def let_go(self, visitor_ids: Sequence[str], ids: Sequence[str], at: datetime) -> None:
        """Keep what these visitors uploaded, and these files, no longer, whatever names them; templates' files stay.

        It is remembered first: what is being received meanwhile is looked for there afterwards.
        """
        for who in (*(f"visitor:{one}" for one in visitor_ids), *(f"file:{one}" for one in ids)):
            await self._erased.update_one({"_id": who}, {"$set": {"at": at}}, upsert=True)
        theirs = {"owner.kind": "visitor", "owner.id": {"$in": list(visitor_ids)}}
        named = {"_id": {"$in": list(ids)}, "scope": {"$not": re.compile(f"^{TEMPLATE}")}}
        await self.collection.update_many({"$or": [theirs, named]}, {"$set": {"kept_until": at, "erased": True}})

    async def visitor_erased(self, visitor_id: str) -> bool:
        """Whether the visitor was erased: their old token is good no more."""
        return await self._erased.find_one({"_id": f"visitor:{visitor_id}"}) is not None

    async def file_erased(self, attachment_id: str) -> bool:
        """Whether the file was let go with the person it was of."""
        return await self._erased.find_one({"_id": f"file:{attachment_id}"}) is not None

    async def lost_preview(self, attachment: Attachment) -> None:
        """Note that there is no preview any more."""
        await self.collection.update_one(_as_read(attachment), {"$set": {"has_preview": False}})

    async def abandoned(self, before: datetime) -> list[Attachment]:
        """Some of the files that were still being received then, and have not moved since."""
        return await self._some({"state": State.RECEIVING, "touched_at": {"$lt": before}})

    async def expired(self, now: datetime) -> list[Attachment]:
        """Some of the files to be kept no longer: named by nothing in time, or let go."""
        return await self._some({"$or": [{"kept_until": {"$lt": now}}, {"erased": True}]})

    async def drop(self, attachment: Attachment) -> bool:
        """Delete the document, unless it changed meanwhile or has an event that is not published yet."""
        still = _as_read(attachment) | {
            "linked_at": attachment.linked_at,  # null also stands for absent
            "kept_until": attachment.kept_until,
            "in_template": {"$ne": True},
            "outbox.0": {"$exists": False},
        }
        return (await self.collection.delete_one(still)).deleted_count == 1

    async def known(self, ids: Sequence[str]) -> dict[str, Attachment]:
        """Those of the ids that exist, by id."""
        cursor = self.collection.find({"_id": {"$in": list(ids)}})
        return {document["_id"]: _attachment(document) async for document in cursor}

    async def held_between(self, after: str, last: str | None) -> list[Attachment]:
        """The files that must have an object, whose objects' names are after ``after`` and up to ``last``."""
        span: Document = {"$gt": after} | ({"$lte": last} if last is not None else {})
        cursor = self.collection.find({"object": span, "state": {"$in": _HELD}})
        return [_attachment(document) async for document in cursor]

    async def _some(self, query: Document) -> list[Attachment]:
        return [_attachment(document) async for document in self.collection.find(query).limit(_BATCH)]


def _as_read(attachment: Attachment) -> Document:
    return {"_id": attachment.id, "state": attachment.state, "object": attachment.object}


def _document(attachment: Attachment) -> Document:
    values: dict[str, Any] = {name: value for name, value in asdict(attachment).items() if value is not None}
    owner = {"kind": attachment.owner.kind, "id": attachment.owner.id}
    return values | {"_id": values.pop("id"), "owner": owner, "readers": sorted(attachment.readers)}


def _attachment(document: Document) -> Attachment:
    values = {name: value for name, value in document.items() if name in _FIELDS}
    return Attachment(
        **values
        | {
            "id": document["_id"],
            "state": State(document["state"]),
            "owner": Person(**document["owner"]),
            "readers": frozenset(document["readers"]),
        }
    )


_FIELDS = set(Attachment.__dataclass_fields__)
