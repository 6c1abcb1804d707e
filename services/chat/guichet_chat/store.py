"""MongoDB: conversations and the log. With ``visitors.py`` and ``documents.py`` all that knows their fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from guichet_kit.mongo import (
    ASCENDING,
    DESCENDING,
    LINEARIZABLE,
    MAJORITY,
    OUTAGES,
    BulkWriteError,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    WTimeoutError,
    aggregate,
    create_indexes,
)
from guichet_kit.outbox import OUTBOX_INDEX

from guichet_chat.conversation import Conversation, Entry, Reader
from guichet_chat.documents import (
    Place,
    conversation_document,
    conversation_of,
    conversation_or_none,
    entry_document,
    entry_of,
    entry_or_none,
)
from guichet_chat.visitors import VisitorStore

_READ_MAX_MS = 5_000
_DUPLICATE = 11000


class SeqTaken(Exception):
    """Another writer appended at this place first."""


class ClientIdTaken(Exception):
    """The sender's id for this message is in the log already."""


class Unknown(Exception):
    """The database was lost before it told what became of the entry. ``cause`` is one of ``OUTAGES``."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


Refused = SeqTaken | ClientIdTaken | Unknown


class OpenConversationExists(Exception):
    """The visitor already has an open conversation."""


class Store(VisitorStore):
    """The database ``guichet_chat``. ``secret`` is the installation's, by which erased people are found in texts."""

    def __init__(self, database: Database, secret: bytes = b"") -> None:
        super().__init__(database)
        self.secret = secret
        self.entries: Collection = database["entries"]

    async def ensure_indexes(self) -> None:
        """Make the indexes; the unique ones are where concurrent writers are put in order."""
        await self.ensure_visitor_indexes()
        await create_indexes(
            self.entries,
            [
                IndexModel([("conversation_id", ASCENDING), ("seq", ASCENDING)], name="log", unique=True),
                IndexModel([("conversation_id", ASCENDING), ("client_id", ASCENDING)], name="client_id", unique=True),
                # A visitor need not name the conversation, so a repeat must be found in whichever it went to.
                IndexModel(
                    [("visitor_id", ASCENDING), ("client_id", ASCENDING)],
                    name="visitor_client_id",
                    unique=True,
                    partialFilterExpression={"author.kind": "visitor"},
                ),
                # Entries of before the log was its own outbox: what they carry is still told.
                OUTBOX_INDEX,
                IndexModel(
                    [("writer", ASCENDING), ("n", ASCENDING)],
                    name="told_by",
                    partialFilterExpression={"writer": {"$exists": True}},
                ),
            ],
        )
        await create_indexes(
            self.conversations,
            [
                IndexModel("visitor.id", name="one_open", unique=True, partialFilterExpression={"state": "open"}),
                IndexModel([("visitor.id", ASCENDING), ("opened_at", DESCENDING)], name="latest"),
                OUTBOX_INDEX,
            ],
        )

    # Conversations

    async def insert_conversation(self, conversation: Conversation, outbox: Sequence[Document]) -> None:
        """Open a conversation; `OpenConversationExists` when its visitor has an open one."""
        document = conversation_document(conversation) | {"outbox": list(outbox)}
        try:
            await self.conversations.insert_one(document)
        except DuplicateKeyError:
            raise OpenConversationExists from None

    async def conversation(self, conversation_id: str) -> Conversation | None:
        """The conversation, or None."""
        return conversation_or_none(await self.conversations.find_one({"_id": conversation_id}))

    async def open_conversation(self, visitor_id: str) -> Conversation | None:
        """The visitor's conversation that is marked open, or None. Its log may already hold the closing."""
        return conversation_or_none(await self.conversations.find_one({"visitor.id": visitor_id, "state": "open"}))

    async def latest_conversation(self, visitor_id: str) -> Conversation | None:
        """The visitor's last opened conversation, or None."""
        found = await self.conversations.find_one({"visitor.id": visitor_id}, sort=[("opened_at", DESCENDING)])
        return conversation_or_none(found)

    async def conversations_of(self, visitor_id: str) -> list[Conversation]:
        """All conversations of the visitor, the first one first."""
        found = self.conversations.find({"visitor.id": visitor_id}).sort("opened_at", ASCENDING)
        return [conversation_of(document) for document in await found.to_list(None)]

    async def open_conversations(self, visitor_ids: Sequence[str]) -> list[Conversation]:
        """The conversations of these visitors that are marked open."""
        found = self.conversations.find({"visitor.id": {"$in": list(visitor_ids)}, "state": "open"})
        return [conversation_of(document) for document in await found.to_list(None)]

    async def latest_of(self, visitor_ids: Sequence[str]) -> dict[str, tuple[Conversation, Entry | None]]:
        """The last opened conversation of each of these visitors, with the last entry of its log."""
        last = [
            {"$match": {"$expr": {"$eq": ["$conversation_id", "$$conversation"]}}},
            {"$sort": {"seq": DESCENDING}},
            {"$limit": 1},
        ]
        pipeline: list[Document] = [
            {"$match": {"visitor.id": {"$in": list(visitor_ids)}}},
            {"$sort": {"visitor.id": ASCENDING, "opened_at": DESCENDING}},
            {"$group": {"_id": "$visitor.id", "latest": {"$first": "$$ROOT"}}},
            {"$lookup": {"from": "entries", "let": {"conversation": "$latest._id"}, "pipeline": last, "as": "tail"}},
        ]
        majority = self.conversations.with_options(read_concern=MAJORITY)
        return {
            found["_id"]: (conversation_of(found["latest"]), entry_or_none(next(iter(found["tail"]), None)))
            for found in await aggregate(majority, pipeline)
        }

    async def mark_closed(self, conversation_id: str) -> None:
        """Let the conversation's state follow its log, which holds the closing."""
        await self.conversations.update_one({"_id": conversation_id, "state": "open"}, {"$set": {"state": "closed"}})

    async def drop_closed(self, conversation_id: str) -> bool:
        """Let go of a conversation and its log, if it is closed or was let go of before; whether it was."""
        closed = {"_id": conversation_id, "state": "closed"}
        if not (await self.conversations.delete_one(closed)).deleted_count and await self.conversation(conversation_id):
            return False
        await self.entries.delete_many({"conversation_id": conversation_id})
        return True

    async def advance_read(
        self, conversation_id: str, reader: Reader, seq: int, outbox: Sequence[Document]
    ) -> bool:  # fmt: skip
        """Move a read mark forward; False when it was there already."""
        mark = f"read.{reader}"
        result = await self.conversations.update_one(
            {"_id": conversation_id, mark: {"$lt": seq}},
            {"$set": {mark: seq}, "$push": {"outbox": {"$each": list(outbox)}}},
        )
        return result.modified_count == 1

    # The log

    async def insert_entries(self, written: Sequence[tuple[Entry, Place]]) -> list[Refused | None]:
        """Append entries of different conversations in one command; the answer has the place of each.

        None: the entry is on the disk of a majority. Otherwise `SeqTaken`, `ClientIdTaken`, `Unknown`: it may be there,
        or be there soon. A lost connection makes all of them `Unknown`.

        Raises:
            PyMongoError, and others: one of the entries cannot be written; what became of the others is not known.
        """
        documents = [entry_document(entry, place) for entry, place in written]
        try:
            await self.entries.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            return _outcomes(len(documents), error)
        except OUTAGES as error:
            return [Unknown(error) for _ in documents]
        return [None] * len(documents)

    async def longer_than(self, cursors: Mapping[str, int]) -> set[str]:
        """Those of the conversations whose log goes on after the cursor: entries have no gap, so the next one tells."""
        after = {f"{conversation_id}:{seq + 1}": conversation_id for conversation_id, seq in cursors.items()}
        found = self.entries.with_options(read_concern=MAJORITY).find({"_id": {"$in": list(after)}}, {"_id": True})
        return {after[entry["_id"]] for entry in await found.to_list(None)}

    async def tails(self, after_id: str, limit: int) -> tuple[dict[str, int], str | None]:
        """The last ``seq`` of the logs of up to ``limit`` conversations after this id, and the id to go on after.

        A conversation without entries is left out.
        """
        found = self.conversations.find({"_id": {"$gt": after_id}}, {"_id": True}).sort("_id", ASCENDING).limit(limit)
        ids = [conversation["_id"] for conversation in await found.to_list(limit)]
        if not ids:
            return {}, None
        # Sorted so, each log costs one look into the index (a distinct scan), however long it is.
        pipeline: list[Document] = [
            {"$match": {"conversation_id": {"$gt": after_id, "$lte": ids[-1]}}},
            {"$sort": {"conversation_id": DESCENDING, "seq": DESCENDING}},
            {"$group": {"_id": "$conversation_id", "last_seq": {"$first": "$seq"}}},
        ]
        majority = self.entries.with_options(read_concern=MAJORITY)
        tails = {tail["_id"]: tail["last_seq"] for tail in await aggregate(majority, pipeline)}
        return tails, ids[-1] if len(ids) == limit else None

    async def tail(self, conversation_id: str) -> Entry | None:
        """The last entry, or None. Another writer may be appending behind it."""
        found = await self.entries.find_one({"conversation_id": conversation_id}, sort=[("seq", DESCENDING)])
        return entry_or_none(found)

    async def entry_by_client_id(self, conversation_id: str, client_id: str) -> Entry | None:
        """The entry that a sender's id became, once it is durable; or None."""
        return await self._durable({"conversation_id": conversation_id, "client_id": client_id})

    async def visitor_entry_by_client_id(self, visitor_id: str, client_id: str) -> Entry | None:
        """The same in any of the visitor's conversations, for the visitor's own messages."""
        return await self._durable({"visitor_id": visitor_id, "client_id": client_id, "author.kind": "visitor"})

    async def _durable(self, key: dict[str, Any]) -> Entry | None:
        # The entry may be another call's, not yet on a majority: whoever acknowledges it must wait for that too.
        entries = self.entries.with_options(read_concern=LINEARIZABLE)
        return entry_or_none(await entries.find_one(key, max_time_ms=_READ_MAX_MS))

    async def entries_after(self, conversation_id: str, after_seq: int, limit: int) -> list[Entry]:
        """Up to ``limit`` entries after a cursor, in order, none of which a failover can take back."""
        cursor = (
            self.entries.with_options(read_concern=MAJORITY)
            .find({"conversation_id": conversation_id, "seq": {"$gt": after_seq}})
            .sort("seq", ASCENDING)
            .limit(limit)
        )
        return [entry_of(found) for found in await cursor.to_list(limit)]


def _outcomes(count: int, error: BulkWriteError) -> list[Refused | None]:
    """What a bulk write error tells of each entry; it is raised again for an error that is no duplicate."""
    details = error.details
    late = details.get("writeConcernErrors")
    unknown = Unknown(WTimeoutError(str(late)[:200])) if late else None
    outcomes: list[Refused | None] = [unknown] * count
    for refused in details.get("writeErrors", ()):
        if refused.get("code") != _DUPLICATE:
            raise error
        outcomes[refused["index"]] = ClientIdTaken() if "client_id" in refused.get("keyPattern", {}) else SeqTaken()
    return outcomes
