"""MongoDB: which process has told how much of what it wrote. The only file that knows the fields of ``writers``.

An entry names its writer and is numbered by it; a document for each writer says up to which number all was told, and
until when that process is taken for alive. What a dead one left untold is found by writer and number.
"""

from collections.abc import Collection as Several
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from guichet_kit.mongo import ASCENDING, MAJORITY, WRITTEN, Collection, Document, ReturnDocument

from guichet_chat.conversation import Conversation, Entry
from guichet_chat.documents import conversation_of, entry_of
from guichet_chat.store import Store

GAPS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Untold:
    """A dead writer: all up to ``told`` was told, but for what may still come at the numbers ``gaps``."""

    writer: str
    until: datetime
    told: int
    gaps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """An entry, its number among its writer's, and the conversation that it is in."""

    number: int
    conversation: Conversation
    entry: Entry


class WriterStore:
    """The writers, and what they wrote."""

    def __init__(self, store: Store, writers: Collection) -> None:
        self._store = store
        self.writers = writers

    async def register(self, writer: str, until: datetime) -> None:
        """The writer is alive until then; durable, because what it writes is looked for by this document."""
        await self.writers.update_one({"_id": writer}, _alive(until), upsert=True)

    async def advance(self, writer: str, told: int, until: datetime) -> None:
        """The same, and all up to ``told`` was told. Losing this costs telling it again."""
        update = _alive(until) | {"$max": {"told": told}}
        await self.writers.with_options(write_concern=WRITTEN).update_one({"_id": writer}, update, upsert=True)

    async def leave(self, writer: str, told: int, moment: datetime) -> None:
        """The process ends: others need not wait for its time to be over."""
        await self.advance(writer, told, moment)

    async def claim_dead(self, moment: datetime, lease: timedelta) -> Untold | None:
        """A writer whose time is over, and at whose rest nobody else looks for as long as ``lease``; or None."""
        found = await self.writers.find_one_and_update(
            {"until": {"$lt": moment}, "$or": [{"look": {"$exists": False}}, {"look": {"$lt": moment}}]},
            {"$set": {"look": moment + lease}},
            return_document=ReturnDocument.AFTER,
        )
        if found is None:
            return None
        return Untold(found["_id"], found["until"], found.get("told", 0), tuple(found.get("gaps", ())))

    async def looked_at(self, writer: str, told: int, gaps: Sequence[int], again: datetime) -> None:
        """All up to ``told`` was told, but for ``gaps``; somebody looks again then, for what arrived late."""
        await self.writers.update_one(
            {"_id": writer}, {"$max": {"told": told}, "$set": {"gaps": list(gaps)[-GAPS_MAX:], "look": again}}
        )

    async def forget(self, dead: Untold) -> None:
        """Forget the writer, unless it is alive after all."""
        await self.writers.delete_one({"_id": dead.writer, "until": dead.until})

    async def written_at(self, writer: str, numbers: Several[int]) -> list[Written]:
        """The entries at these of its numbers, as far as they are there."""
        return await self._written({"writer": writer, "n": {"$in": list(numbers)}}, len(numbers))

    async def written_after(self, writer: str, number: int, limit: int) -> list[Written]:
        """Up to ``limit`` of its entries after a number, in the order of the numbers."""
        return await self._written({"writer": writer, "n": {"$gt": number}}, limit)

    async def untold(self) -> tuple[int, datetime | None]:
        """How many entries lie behind the marks, of the living and the dead, and since when the oldest does."""
        count, since = 0, list[datetime]()
        for writer in await self.writers.find({}).to_list(None):
            late = {"n": {"$in": writer.get("gaps", [])}}
            which: Document = {"writer": writer["_id"], "$or": [{"n": {"$gt": writer.get("told", 0)}}, late]}
            count += await self._store.entries.count_documents(which)
            first = await self._store.entries.find_one(which, {"at": True}, sort=[("n", ASCENDING)])
            since += [first["at"]] if first else []
        return count, min(since, default=None)

    async def _written(self, which: Document, limit: int) -> list[Written]:
        found = self._store.entries.with_options(read_concern=MAJORITY).find(which).sort("n", ASCENDING).limit(limit)
        documents = await found.to_list(limit)
        if not documents:
            return []
        ids = list({document["conversation_id"] for document in documents})
        about = await self._store.conversations.find({"_id": {"$in": ids}}).to_list(None)
        conversations = {document["_id"]: conversation_of(document) for document in about}
        return [
            Written(document["n"], conversations[document["conversation_id"]], entry_of(document))
            for document in documents
        ]


def _alive(until: datetime) -> dict[str, Any]:
    return {"$set": {"until": until}, "$unset": {"look": ""}}
