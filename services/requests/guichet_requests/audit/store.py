"""The audit trail in MongoDB. There is a way to add an entry and to read; and entries go by age alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guichet_kit.mongo import (
    DESCENDING,
    Collection,
    Database,
    Document,
    IndexModel,
    create_indexes,
    insert_absent,
)
from guichet_kit.pages import decode_cursor, encode_cursor

from guichet_requests.audit.audit import Actor, AuditEntry

COLLECTION = "audit"
_NEWEST = [("at", DESCENDING), ("_id", DESCENDING)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: None does not matter. ``action`` may be the part before the dot; ``until`` is not included."""

    actor_id: str | None = None
    action: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditStore:
    """The collection ``audit``. It has no way to change an entry."""

    def __init__(self, database: Database) -> None:
        self._collection: Collection = database[COLLECTION]

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(
            self._collection,
            [
                IndexModel(_NEWEST, name="newest"),
                IndexModel([("actor.id", DESCENDING), *_NEWEST], name="actor"),
                IndexModel([("action", DESCENDING), *_NEWEST], name="action"),
                IndexModel([("subject_id", DESCENDING), *_NEWEST], name="subject"),
            ],
        )

    async def add(self, entries: Sequence[AuditEntry]) -> None:
        """Write entries down. One whose id is there already stays as it is."""
        await insert_absent(self._collection, [_to_document(entry) for entry in entries])

    async def page(self, wanted: Wanted, limit: int, cursor: str | None) -> tuple[list[AuditEntry], str | None]:
        """Entries, the newest first, and the cursor of the next page. Raises `Invalid` for a bad one."""
        conditions = _conditions(wanted)
        if cursor is not None:
            at, entry_id = decode_cursor(cursor, datetime, str)
            conditions.append({"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": entry_id}}]})
        found = self._collection.find({"$and": conditions} if conditions else {}).sort(_NEWEST).limit(limit + 1)
        entries = [_from_document(document) for document in await found.to_list(limit + 1)]
        shown, more = entries[:limit], len(entries) > limit
        return shown, encode_cursor((shown[-1].at, shown[-1].id)) if more else None

    async def older_than(self, moment: datetime) -> tuple[int, datetime | None]:
        """How many entries are older, and of when the oldest is."""
        old: Document = {"at": {"$lt": moment}}
        first = await self._collection.find_one(old, {"at": True}, sort=[("at", 1)])
        return await self._collection.count_documents(old), first["at"] if first else None

    async def remove_older_than(self, moment: datetime) -> int:
        """Let entries go by age, which is the only way; how many went."""
        return (await self._collection.delete_many({"at": {"$lt": moment}})).deleted_count


def _conditions(wanted: Wanted) -> list[Document]:
    conditions: list[Document] = []
    if wanted.actor_id is not None:
        conditions.append({"actor.id": wanted.actor_id})
    if wanted.subject_id is not None:
        conditions.append({"subject_id": wanted.subject_id})
    if wanted.action is not None:
        whole = "." in wanted.action
        # All that begin with the word and a dot: `/` is the character after the dot.
        within = {"$gte": f"{wanted.action}.", "$lt": f"{wanted.action}/"}
        conditions.append({"action": wanted.action if whole else within})
    if wanted.since is not None:
        conditions.append({"at": {"$gte": wanted.since}})
    if wanted.until is not None:
        conditions.append({"at": {"$lt": wanted.until}})
    return conditions


def _to_document(entry: AuditEntry) -> Document:
    actor = {"kind": entry.actor.kind, "id": entry.actor.id, "name": entry.actor.name, "address": entry.actor.address}
    return {
        "_id": entry.id,
        "at": entry.at,
        "action": entry.action,
        "actor": actor,
        "subject_id": entry.subject_id,
        "detail": [{"name": name, "text": text} for name, text in entry.detail.items()],
    }


def _from_document(document: Any) -> AuditEntry:
    return AuditEntry(
        id=document["_id"],
        at=document["at"],
        action=document["action"],
        actor=Actor(**document["actor"]),
        subject_id=document["subject_id"],
        detail={one["name"]: one["text"] for one in document["detail"]},
    )
