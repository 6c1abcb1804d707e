"""How often something may be done in an hour, counted in MongoDB for all replicas together, by whole hours (UTC)."""

import asyncio
import hashlib
import hmac
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from guichet_kit.mongo import Database, DuplicateKeyError, IndexModel, ReturnDocument, create_indexes

HOUR = timedelta(hours=1)
COLLECTION = "quotas"


@dataclass(frozen=True, slots=True)
class Over:
    """What was too often: its kind, how often it was tried, the most, and the whole seconds until it counts anew."""

    kind: str
    tried: int
    most: int
    retry_after: int


class Quotas:
    """The counts, in the collection ``quotas``, and how much of each kind is allowed; 0 is no limit.

    Whom they count is kept as a keyed hash, and no longer than the hour that it counts for.
    """

    def __init__(self, database: Database, secret: bytes, most: Mapping[str, int]) -> None:
        self._collection = database[COLLECTION]
        self._key = hmac.digest(secret, b"guichet quotas", hashlib.sha256)
        self._most = most

    async def prepare(self) -> None:
        """Make the index that lets old counts go."""
        await create_indexes(self._collection, [IndexModel("until", name="until", expireAfterSeconds=0)])

    async def take(self, subjects: Mapping[str, str], at: datetime, free: Collection[str] = ()) -> list[Over]:
        """One more for each of these, by kind; where it is too often for some, those are told and none is counted.

        The kinds that are ``free`` are counted without a limit.
        """
        until = at.replace(minute=0, second=0, microsecond=0) + HOUR
        keys = {kind: self._name(kind, subject, until) for kind, subject in subjects.items() if self._most.get(kind)}
        counts = await asyncio.gather(*(self._add(key, 1, until) for key in keys.values()))
        left = math.ceil((until - at).total_seconds())
        over = [
            Over(kind, count, self._most[kind], left)
            for kind, count in zip(keys, counts, strict=True)
            if count > self._most[kind] and kind not in free
        ]
        if over:
            await asyncio.gather(*(self._add(key, -1, until) for key in keys.values()))
        return over

    async def once(self, name: str, until: datetime) -> bool:
        """Whether this is the first time that ``name`` is given; it is remembered until then."""
        key = self._name("once", name, until)
        try:
            await self._collection.insert_one({"_id": key, "until": until})
        except DuplicateKeyError:
            return False
        return True

    async def _add(self, key: str, number: int, until: datetime) -> int:
        while True:
            try:
                found = await self._collection.find_one_and_update(
                    {"_id": key},
                    {"$inc": {"count": number}, "$set": {"until": until}},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:  # two made it at the same moment
                continue
            return int(found["count"]) if found else 0

    def _name(self, kind: str, subject: str, until: datetime) -> str:
        hashed = hmac.digest(self._key, f"{kind} {subject}".encode(), hashlib.sha256)[:16].hex()
        return f"{kind}:{hashed}/{until:%Y-%m-%dT%H}"
