"""Which visitor has proven which address, in MongoDB; the only file that knows the field names."""

import hashlib
import hmac
from datetime import datetime, timedelta

from guichet_kit.mongo import Database, IndexModel, create_indexes

from guichet_requests.contact.contact import email_key

KEPT = timedelta(days=30)
"""As long as a visitor's session can be gone on with."""


class ProofStore:
    """The collection ``proofs``. An address is kept as a keyed hash."""

    def __init__(self, database: Database, secret: bytes) -> None:
        self._collection = database["proofs"]
        self._key = hmac.digest(secret, b"guichet proven addresses", hashlib.sha256)

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(
            self._collection,
            [IndexModel("at", name="at", expireAfterSeconds=int(KEPT.total_seconds())), IndexModel("visitor_id")],
        )

    async def add(self, visitor_id: str, email: str, at: datetime) -> None:
        """The visitor has proven the address."""
        proof = {"visitor_id": visitor_id, "at": at}
        await self._collection.update_one({"_id": self._id(visitor_id, email)}, {"$set": proof}, upsert=True)

    async def has(self, visitor_id: str, email: str) -> bool:
        """Whether the visitor has proven it."""
        return await self._collection.find_one({"_id": self._id(visitor_id, email)}) is not None

    async def forget(self, visitor_id: str) -> None:
        """What the visitor has proven."""
        await self._collection.delete_many({"visitor_id": visitor_id})

    def _id(self, visitor_id: str, email: str) -> str:
        return hmac.digest(self._key, f"{visitor_id} {email_key(email)}".encode(), hashlib.sha256).hex()
