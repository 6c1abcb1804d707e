"""MongoDB: deliveries. The only file that knows their fields."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from guichet_contracts.requests import SubmittedEmail
from guichet_kit.mongo import ASCENDING, Database, Document, DuplicateKeyError, IndexModel, create_indexes
from guichet_kit.outbox import OUTBOX_INDEX

from guichet_mailer.mailbox import Mailbox
from guichet_mailer.outbound.delivery import Delivery, Refused, State

_INDEXES = [
    OUTBOX_INDEX,
    IndexModel([("state", ASCENDING), ("due_at", ASCENDING)], name="due"),
    IndexModel("email.message_id", name="message_id"),
    IndexModel("email.request_id", name="request"),
]
_HOUR = 3600


class DeliveryStore:
    """The collection ``deliveries``. A step is written only while the document is still as it was read."""

    def __init__(self, database: Database) -> None:
        self.collection = database["deliveries"]
        self._automatic, self._turns = database["automatic_mails"], database["turns"]

    async def ensure_indexes(self) -> None:
        """Make the indexes that are missing."""
        await create_indexes(self.collection, _INDEXES)
        await create_indexes(self._automatic, [IndexModel("at", name="at", expireAfterSeconds=2 * _HOUR)])

    async def begin(self, delivery: Delivery, outbox: Sequence[Document]) -> bool:
        """Note a new delivery with its event; False where it is known."""
        try:
            await self.collection.insert_one(_document(delivery) | {"outbox": list(outbox)})
        except DuplicateKeyError:
            return False
        return True

    async def get(self, delivery_id: str) -> Delivery | None:
        """The delivery, where there is one."""
        document = await self.collection.find_one({"_id": delivery_id})
        return _delivery(document) if document else None

    async def claim(self, now: datetime, lease: timedelta) -> Delivery | None:
        """A delivery that is due, for the caller alone until the lease ends."""
        document = await self.collection.find_one_and_update(
            {"state": State.QUEUED, "due_at": {"$lte": now}},
            {"$set": {"due_at": now + lease}},
            sort=[("due_at", ASCENDING)],
        )
        return _delivery(document) if document else None

    async def next_turn(self, mailbox: Mailbox, now: datetime) -> datetime:
        """When one more mail may leave by the mailbox, of whichever replica; it is counted. In the past: at once."""
        earliest, interval = now - mailbox.interval * (mailbox.burst - 1), mailbox.interval
        after = {"$add": [{"$max": ["$next", earliest]}, round(interval.total_seconds() * 1000)]}
        while True:
            try:
                found = await self._turns.find_one_and_update(
                    {"_id": mailbox.id}, [{"$set": {"next": after}}], upsert=True, return_document=True
                )
            except DuplicateKeyError:
                continue  # another replica was the very first
            return (found["next"] if found else now) - interval

    async def wait_for_turn(self, delivery: Delivery, turn: datetime) -> None:
        """Give the claim back until its turn comes."""
        still = {"_id": delivery.id, "version": delivery.version}
        await self.collection.update_one(still, {"$set": {"due_at": turn, "turn": True}})

    async def lost(self, now: datetime) -> Delivery | None:
        """A delivery that was being sent, and whose sender was not heard of in time."""
        document = await self.collection.find_one({"state": State.SENDING, "due_at": {"$lte": now}})
        return _delivery(document) if document else None

    async def move(self, before: Delivery, after: Delivery, outbox: Sequence[Document]) -> bool:
        """Write the step from ``before`` to ``after`` with its event; False where somebody else was first."""
        values = _document(after)
        if before.bounced and not after.bounced:
            values["bounced"] = []
        change = {"$set": values, "$push": {"outbox": {"$each": list(outbox)}}}
        still = {"_id": before.id, "version": before.version}
        return (await self.collection.update_one(still, change)).matched_count == 1

    async def tell(self, delivery: Delivery, outbox: Sequence[Document]) -> bool:
        """Have the events told; False where the delivery has changed meanwhile, which was told then."""
        still = {"_id": delivery.id, "version": delivery.version}
        told = {"$push": {"outbox": {"$each": list(outbox)}}}
        return (await self.collection.update_one(still, told)).matched_count == 1

    async def forget(self, before: Delivery, after: Delivery, outbox: Sequence[Document]) -> bool:
        """As `move`; what waited to be published is forgotten, too."""
        still = {"_id": before.id, "version": before.version}
        change = {"$set": _document(after) | {"outbox": list(outbox), "bounced": []}}
        return (await self.collection.update_one(still, change)).matched_count == 1

    async def add_bounced(self, delivery_id: str, email: str, detail: str) -> None:
        """Note what a report says of an address, in whatever state the delivery is; once for each address."""
        new = {"_id": delivery_id, "bounced.email": {"$ne": email}, "erased": {"$ne": True}}
        await self.collection.update_one(new, {"$push": {"bounced": {"email": email, "detail": detail}}})

    async def of_request(self, request_id: str) -> list[str]:
        """The ids of the deliveries of the request's e-mails, also of those that no person wrote."""
        found = self.collection.find({"email.request_id": request_id}, {"_id": True})
        return [document["_id"] async for document in found]

    async def with_message_id(self, message_ids: Sequence[str]) -> Delivery | None:
        """The delivery of one of these Message-IDs."""
        document = await self.collection.find_one({"email.message_id": {"$in": list(message_ids)}})
        return _delivery(document) if document else None

    async def count_automatic(self, address: str, item_id: str, now: datetime) -> int:
        """How many automatic mails to the address there are within this hour, with this one; it counts once."""
        key = hashlib.sha256(f"{address.lower()} {int(now.timestamp()) // _HOUR}".encode()).hexdigest()
        change = {"$addToSet": {"items": item_id}, "$setOnInsert": {"at": now}}
        document = await self._automatic.find_one_and_update({"_id": key}, change, upsert=True, return_document=True)
        return len(document["items"]) if document else 1


def _document(delivery: Delivery) -> Document:
    return {
        "_id": delivery.id,
        "state": delivery.state,
        "email": delivery.email.model_dump(mode="json"),
        "left": list(delivery.left),
        "refused": [asdict(one) for one in delivery.refused],
        "attempts": delivery.attempts,
        "version": delivery.version,
        "detail": delivery.detail,
        "erased": delivery.erased,
        "turn": delivery.turn,
        "at": delivery.at,
        "due_at": delivery.due_at,
    }


def _delivery(document: Document) -> Delivery:
    return Delivery(
        id=document["_id"],
        state=State(document["state"]),
        email=SubmittedEmail.model_validate(document["email"]),
        left=tuple(document["left"]),
        refused=tuple(Refused(**one) for one in document["refused"]),
        bounced=tuple(Refused(**one) for one in document.get("bounced", ())),
        attempts=document["attempts"],
        version=document["version"],
        detail=document["detail"],
        erased=document.get("erased", False),
        turn=document.get("turn", False),
        at=document["at"],
        due_at=document["due_at"],
    )
