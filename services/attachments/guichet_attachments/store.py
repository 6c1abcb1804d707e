"""MongoDB: the documents of attachments. The only file that knows their fields."""

from guichet_kit.mongo import Database, IndexModel
from guichet_kit.outbox import OUTBOX_INDEX


class AttachmentStore:
    """The collection ``attachments``."""

    def __init__(self, database: Database) -> None:
        self.collection = database["attachments"]

    async def ensure_indexes(self) -> None:
        """Make the indexes that are missing."""
        await self.collection.create_indexes([OUTBOX_INDEX, IndexModel("object", name="object", unique=True)])
