"""MongoDB: the bytes that visitors sent, counted for all replicas together, by whole hours and days (UTC)."""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from guichet_kit.limits import network_of
from guichet_kit.mongo import Database, DuplicateKeyError, IndexModel, create_indexes

from guichet_attachments.allowance import Allowance, Count, counts, exhausted
from guichet_attachments.attachment import Person


class Allowances:
    """The sums, in the collection ``allowances``, and what is allowed.

    An address is kept as a keyed hash, and no longer than the day that it counts for.
    """

    def __init__(self, database: Database, secret: bytes, allowed: Mapping[str, Allowance]) -> None:
        self._collection = database["allowances"]
        self._key = hmac.digest(secret, b"guichet attachments addresses", hashlib.sha256)
        self._allowed = allowed

    async def ensure_indexes(self) -> None:
        """Make the index that lets old sums go."""
        await create_indexes(self._collection, [IndexModel("until", name="until", expireAfterSeconds=0)])

    async def require(self, person: Person, address: str, size: int, at: datetime) -> None:
        """`AllowanceUsed` where ``size`` more bytes of this visitor are too many now. Agents are not counted."""
        sums = self._sums(person, address, at)
        if not sums:
            return
        keys = [count.key for count in sums]
        cursor = self._collection.find({"_id": {"$in": keys}})
        used = {document["_id"]: int(document["bytes"]) for document in await cursor.to_list(None)}
        if refusal := exhausted(sums, used, size, at):
            raise refusal

    async def count(self, person: Person, address: str, size: int, at: datetime) -> None:
        """Add a file that was received."""
        sums = self._sums(person, address, at)
        if sums:
            await asyncio.gather(*(self._add(count, size) for count in sums))

    async def _add(self, count: Count, size: int) -> None:
        change = {"$inc": {"bytes": size}, "$set": {"until": count.until}}
        try:
            await self._collection.update_one({"_id": count.key}, change, upsert=True)
        except DuplicateKeyError:  # two made it at the same moment
            await self._collection.update_one({"_id": count.key}, change, upsert=True)

    def _sums(self, person: Person, address: str, at: datetime) -> list[Count]:
        if person.kind != "visitor":
            return []
        hashed = hmac.digest(self._key, network_of(address).encode(), hashlib.sha256)[:16].hex()
        names = {
            "visitor": f"visitor:{person.id}",
            "address": f"address:{hashed}",
            "site": f"site:{person.site or ''}",
            "installation": "installation",
        }
        return counts({names[kind]: allowance for kind, allowance in self._allowed.items()}, at)
