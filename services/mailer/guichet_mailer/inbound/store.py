"""MongoDB: mail that came in. The only file that knows its fields."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import ASCENDING, DESCENDING, Database, Document, DuplicateKeyError, IndexModel, create_indexes
from guichet_kit.outbox import OUTBOX_INDEX
from guichet_kit.retention import Due, due_in

from guichet_mailer.inbound.received import TRANSITIONS, Envelope, Received, State
from guichet_mailer.threads import key_of

_INDEXES = [
    OUTBOX_INDEX,
    IndexModel("content", name="content", unique=True),
    IndexModel("message_id", name="message_id", unique=True, sparse=True),
    IndexModel("due_at", name="due_at", sparse=True),
    IndexModel("filing_due_at", name="filing_due_at", sparse=True),
    IndexModel([("state", ASCENDING), ("_id", DESCENDING)], name="state"),
    IndexModel("duplicate_of", name="same", partialFilterExpression={"duplicate_of": {"$type": "string"}}),
]


class ReceivedStore:
    """The collection ``received``."""

    def __init__(self, database: Database) -> None:
        self.collection = database["received"]

    async def ensure_indexes(self) -> None:
        """Make the indexes that are missing."""
        await create_indexes(self.collection, _INDEXES)

    async def begin(self, mail: Received, content: str) -> str:
        """Note a mail; the id of the one that has the same ``content`` where there is one."""
        document = _document(mail) | {"content": content}
        if mail.state is State.RECEIVED:
            document["due_at"] = mail.received_at
        try:
            await self.collection.insert_one(document)
        except DuplicateKeyError:
            # A server may send the same bytes once for each recipient.
            more = {"$addToSet": {"recipients": {"$each": list(mail.envelope.recipients)}}}
            known = await self.collection.find_one_and_update({"content": content}, more, projection=["_id"])
            return str(known["_id"]) if known else mail.id
        return mail.id

    async def stored(self, mail_id: str, now: datetime) -> bool:
        """The bytes of a mail are stored: it is received. False where it is not being received (any more)."""
        change = {"$set": {"state": State.RECEIVED, "due_at": now}}
        return (await self.collection.update_one({"_id": mail_id, "state": State.RECEIVING}, change)).matched_count == 1

    async def abandon(self, before: datetime) -> Received | None:
        """A mail that began to be received before then and never was; nobody takes it up any more."""
        waiting: Document = {
            "$or": [{"state": State.RECEIVING, "received_at": {"$lt": before}}, {"state": State.ABANDONED}]
        }
        document = await self.collection.find_one_and_update(
            waiting, {"$set": {"state": State.ABANDONED}}, return_document=True
        )
        return _received(document) if document else None

    async def drop_abandoned(self, mail_id: str) -> None:
        """Forget an abandoned mail whose bytes are gone."""
        await self.collection.delete_one({"_id": mail_id, "state": State.ABANDONED})

    async def hold(self, object_name: str, content: str) -> str | None:
        """Hold the content of bytes that no document knows of, as an abandoned mail; its id, None where one does."""
        mail = Received(new_id(), State.ABANDONED, Envelope("http"), 0, object_name, now())
        try:
            await self.collection.insert_one(_document(mail) | {"content": content})
        except DuplicateKeyError:
            return None
        return mail.id

    async def get(self, mail_id: str) -> Received | None:
        """The mail, where there is one."""
        document = await self.collection.find_one({"_id": mail_id})
        return _received(document) if document else None

    async def claim(self, now: datetime, lease: timedelta) -> Received | None:
        """A mail to be processed, for the caller alone until the lease ends."""
        document = await self.collection.find_one_and_update(
            {"due_at": {"$lte": now}},
            {"$set": {"due_at": now + lease}, "$inc": {"attempts": 1}},
            sort=[("due_at", ASCENDING)],
            return_document=True,
        )
        return _received(document) if document else None

    async def renew(self, mail: Received, until: datetime) -> None:
        """Keep the claim for longer."""
        await self.collection.update_one({"_id": mail.id, "state": State.RECEIVED}, {"$set": {"due_at": until}})

    async def postpone(self, mail: Received, until: datetime, *, counted: bool) -> None:
        """Give the claim back until then; ``counted`` as an attempt or not."""
        change: Document = {"$set": {"due_at": until}}
        if not counted:
            change["$inc"] = {"attempts": -1}
        await self.collection.update_one({"_id": mail.id, "state": State.RECEIVED}, change)

    async def first_with(self, mail: Received, message_id: str) -> str:
        """Take the Message-ID, or what stands for it, for this mail; the id of the mail that has it."""
        key = {"message_id": key_of(message_id)}
        try:
            await self.collection.update_one({"_id": mail.id}, {"$set": key})
        except DuplicateKeyError:
            other = await self.collection.find_one(key, projection=["_id"])
            return str(other["_id"]) if other else mail.id
        return mail.id

    async def settle(
        self, mail: Received, to: State, outbox: Sequence[Document] = (), **values: str | list[str] | datetime | None
    ) -> bool:
        """Write the mail's new state with its events; False where it has left the old one meanwhile."""
        if to not in TRANSITIONS[mail.state]:
            raise ValueError(f"{mail.state} does not lead to {to}")
        change: Document = {"$set": {"state": to} | values, "$unset": {"due_at": ""}}
        change["$push"] = {"outbox": {"$each": list(outbox)}}
        return (await self.collection.update_one({"_id": mail.id, "state": mail.state}, change)).matched_count == 1

    async def filed(self, mail_id: str) -> None:
        """It was heard where the mail was filed."""
        await self.collection.update_one({"_id": mail_id}, {"$unset": {"filing_due_at": ""}})

    async def unfiled(self, now: datetime) -> str | None:
        """A mail of which nobody said in time where it was filed: it is to go through it all again, from now on."""
        again: Document = {
            "$set": {"state": State.RECEIVED, "due_at": now, "attempts": 0},
            "$inc": {"told_again": 1},
            "$unset": {"filing_due_at": ""},
        }
        late: Document = {"filing_due_at": {"$lte": now}, "state": State.PROCESSED}
        document = await self.collection.find_one_and_update(late, again, projection=["_id"])
        return str(document["_id"]) if document else None

    async def replay(self, mail_id: str, now: datetime) -> bool:
        """Send a mail out of quarantine through it all again; False where it is not there, or has no bytes."""
        again = {"$set": {"state": State.RECEIVED, "due_at": now, "attempts": 0, "reason": None, "detail": None}}
        held = {"_id": mail_id, "state": State.QUARANTINED, "object": {"$ne": None}}
        return (await self.collection.update_one(held, again)).matched_count == 1

    async def erase(self, mail_id: str) -> list[Received]:
        """Forget what the mail said, and its duplicates; those of them whose bytes are still to be removed.

        What stays is that it came, and the hashes by which it is known when it comes again.
        """
        same: Document = {"$or": [{"_id": mail_id}, {"duplicate_of": mail_id}]}
        nothing: Document = {
            "sender": None,
            "subject": None,
            "detail": None,
            "recipients": [],
            "outbox": [],
            "refused": [],
        }
        gone = {"due_at": "", "filing_due_at": ""}
        await self.collection.update_many(same, {"$set": {"state": State.ERASED} | nothing, "$unset": gone})
        return [_received(document) async for document in self.collection.find(same | {"object": {"$ne": None}})]

    async def without_bytes(self, mail: Received) -> None:
        """Note that the bytes of an erased mail are gone."""
        await self.collection.update_one({"_id": mail.id}, {"$set": {"object": None}})

    async def quarantined_until(self, at: datetime, after: str, limit: int) -> list[Received]:
        """Mails in quarantine that came up to then, in the order of their ids, from after the id ``after`` on."""
        held: Document = {"state": State.QUARANTINED, "_id": {"$gt": after}, "received_at": {"$lte": at}}
        found = self.collection.find(held).sort("_id", ASCENDING).limit(limit)
        return [_received(document) async for document in found]

    async def quarantined_before(self, at: datetime) -> Due:
        """How many mails in quarantine came up to then, and when the oldest did."""
        return await due_in(self.collection, {"state": State.QUARANTINED, "received_at": {"$lte": at}}, "received_at")

    async def with_bytes(self, mail_id: str) -> list[Received]:
        """The mail and its duplicates, as far as their bytes are kept."""
        same: Document = {"$or": [{"_id": mail_id}, {"duplicate_of": mail_id}], "object": {"$ne": None}}
        return [_received(document) async for document in self.collection.find(same)]

    async def quarantine(self, limit: int, before: str | None) -> list[Received]:
        """Mails in quarantine, the newest first, older than the one with the id ``before``."""
        query: Document = {"state": State.QUARANTINED} | ({"_id": {"$lt": before}} if before else {})
        cursor = self.collection.find(query).sort("_id", DESCENDING).limit(limit)
        return [_received(document) async for document in cursor]


def _document(mail: Received) -> Document:
    return {
        "_id": mail.id,
        "state": mail.state,
        "source": mail.envelope.source,
        "recipients": list(mail.envelope.recipients),
        "null_sender": mail.envelope.null_sender,
        "mailbox": mail.envelope.mailbox,
        "size": mail.size,
        "object": mail.object,
        "received_at": mail.received_at,
        "attempts": mail.attempts,
        "reason": mail.reason,
        "detail": mail.detail,
        "sender": mail.sender,
        "subject": mail.subject,
        "duplicate_of": mail.duplicate_of,
    }


def _received(document: Document) -> Received:
    envelope = Envelope(
        document["source"], tuple(document["recipients"]), document["null_sender"], document.get("mailbox")
    )
    same = ("size", "object", "received_at", "attempts", "reason", "detail", "sender", "subject", "duplicate_of")
    values = {name: document.get(name) for name in same}
    values["refused"] = tuple(document.get("refused", ()))
    values["told_again"] = document.get("told_again", 0)
    return Received(id=document["_id"], state=State(document["state"]), envelope=envelope, **values)  # type: ignore[arg-type]
