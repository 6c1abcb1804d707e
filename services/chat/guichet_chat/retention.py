"""Visitors go by age once nothing is left of what they said.

With the stores the only file that knows the fields of the documents. Their conversations go with the requests that
these are on, as `requests.request.expired.v1` tells. Who was erased stays: their old token is to begin nothing.
"""

from datetime import UTC, datetime
from uuid import UUID

from guichet_kit.mongo import ASCENDING, Document, aggregate
from guichet_kit.retention import Due, Rule

from guichet_chat.settings import ChatSettings
from guichet_chat.store import Store

_BATCH = 1_000


def rules(settings: ChatSettings, store: Store) -> list[Rule]:
    """The rules, as they are set."""

    async def due(before: datetime) -> Due:
        grouped: list[Document] = [{"$group": {"_id": None, "count": {"$sum": 1}, "oldest": {"$min": "$_id"}}}]
        found = await aggregate(store.visitors, [*_silent(before), *grouped])
        return Due(found[0]["count"], seen_at(found[0]["oldest"])) if found else Due(0, None)

    async def remove(before: datetime) -> int:
        removed = 0
        first: list[Document] = [{"$limit": _BATCH}, {"$project": {"_id": True}}]
        while found := await aggregate(store.visitors, [*_silent(before), *first]):
            ids = {"_id": {"$in": [one["_id"] for one in found]}, "erased": {"$ne": True}}
            removed += (await store.visitors.delete_many(ids)).deleted_count
        return removed

    return [Rule("visitors", "GUICHET_VISITORS_RETENTION_DAYS", settings.visitors_retention_days, due, remove)]


def seen_at(visitor_id: str) -> datetime:
    """When the visitor was first seen: their id begins with it (UUIDv7: RFC 9562, section 5.7)."""
    return datetime.fromtimestamp((UUID(visitor_id).int >> 80) / 1000, UTC)


def first_id_of(moment: datetime) -> str:
    """What no id of before the moment is greater than."""
    milliseconds = f"{int(moment.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-"


def _silent(before: datetime) -> list[Document]:
    """Visitors first seen before then of whom there is no conversation."""
    return [
        {"$match": {"_id": {"$lt": first_id_of(before)}, "erased": {"$ne": True}, "silent_until": {"$exists": False}}},
        {"$sort": {"_id": ASCENDING}},
        {
            "$lookup": {
                "from": "conversations",
                "localField": "_id",
                "foreignField": "visitor.id",
                "pipeline": [{"$limit": 1}, {"$project": {"_id": True}}],
                "as": "said",
            }
        },
        {"$match": {"said": []}},
    ]
