"""Contacts in MongoDB: documents in and out, indexes. The only file that knows the names of their fields."""

from guichet_kit.mongo import ASCENDING, Database, IndexModel
from guichet_kit.outbox import OUTBOX_INDEX, Relay

_INDEXES = [
    # One holder of an address, whoever writes at the same moment. Erased and merged contacts hold none.
    IndexModel("email_keys", name="email_keys", unique=True, partialFilterExpression={"email_keys": {"$exists": True}}),
    IndexModel([("state", ASCENDING), ("sort", ASCENDING)], name="listed"),
    # The first letters of each word, then the order of the list: a search walks the index and never sorts.
    IndexModel(
        [("prefixes", ASCENDING), ("sort", ASCENDING)],
        name="searched",
        partialFilterExpression={"prefixes": {"$exists": True}},
    ),
    OUTBOX_INDEX,
]


class ContactStore:
    """The collection ``contacts``. Every write goes with its events, which ``relay`` then publishes."""

    def __init__(self, database: Database, relay: Relay) -> None:
        self._collection = database["contacts"]
        self._relay = relay

    async def ensure_indexes(self) -> None:
        """Make the indexes that are missing."""
        await self._collection.create_indexes(_INDEXES)
