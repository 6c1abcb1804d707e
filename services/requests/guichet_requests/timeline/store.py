"""Timeline items in MongoDB; the only file that knows their field names."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from guichet_kit.mongo import (
    ASCENDING,
    DESCENDING,
    MAJORITY,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    create_indexes,
    insert_absent,
)
from guichet_kit.pages import decode_cursor, encode_cursor
from pydantic import TypeAdapter

from guichet_requests.contact.contact import email_key
from guichet_requests.email.email import Delivery, Email
from guichet_requests.email.people import writer
from guichet_requests.timeline.item import Attachment, Author, Event, FileState, Item, Party

Order = Literal["asc", "desc"]

_INDEXES = [
    IndexModel([("request_id", ASCENDING), ("at", ASCENDING), ("rank", ASCENDING), ("_id", ASCENDING)], name="request"),
    IndexModel(
        [("request_id", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)],
        name="emails",
        partialFilterExpression={"kind": "email"},
    ),
    IndexModel("sender_key", name="sender", sparse=True),
    IndexModel("event.before.id", name="event_before", sparse=True),
    IndexModel("event.after.id", name="event_after", sparse=True),
    IndexModel("attachments.id", name="checking", partialFilterExpression={"attachments.state": "checking"}),
]
_EMAIL: TypeAdapter[Email | None] = TypeAdapter(Email | None)
_DELIVERY: TypeAdapter[Delivery | None] = TypeAdapter(Delivery | None)


class TimelineStore:
    """Items are written once; only e-mails have later revisions, and a person's erasure rewrites."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database["timeline"].with_options(read_concern=MAJORITY)

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(self.collection, _INDEXES)

    async def write(self, items: Iterable[Item]) -> None:
        """Write those that are not there yet, or not in so new a revision."""
        for item in items:
            document = to_document(item)
            try:
                await self.collection.insert_one(document)
            except DuplicateKeyError:
                if item.email and item.revision:
                    older = {"_id": item.id, "revision": {"$lt": item.revision}}
                    await self.collection.update_one(older, {"$set": _revised(document)})

    async def add(self, items: Iterable[Item]) -> None:
        """Write, in one command, those that are not there yet; none of them has later revisions."""
        documents = [to_document(item) for item in items]
        if documents:
            await insert_absent(self.collection, documents)

    async def get(self, item_id: str) -> Item | None:
        """The item of that id."""
        document = await self.collection.find_one({"_id": item_id})
        return from_document(document) if document else None

    async def several(self, item_ids: Iterable[str]) -> list[Item]:
        """Those of these ids that are there, in the order of the timeline."""
        found = await self.collection.find({"_id": {"$in": list(item_ids)}}).to_list(None)
        return sorted((from_document(document) for document in found), key=lambda item: item.place)

    async def emails(self, request_id: str, limit: int) -> list[Item]:
        """The newest e-mails of a request, the newest first."""
        condition = {"request_id": request_id, "kind": "email"}
        found = self.collection.find(condition).sort([("at", DESCENDING), ("_id", DESCENDING)]).limit(limit)
        return [from_document(document) async for document in found]

    async def said(self, request_id: str, limit: int, after: Item | None = None) -> list[Item]:
        """The newest messages and e-mails of a request, also automatic ones, the newest first; those ``after`` one."""
        condition: Document = {"request_id": request_id, "kind": {"$in": ["message", "email"]}}
        if after is not None:
            condition["at"] = {"$gte": after.at}
        keys = [("at", DESCENDING), ("rank", DESCENDING), ("_id", DESCENDING)]
        found = [from_document(one) async for one in self.collection.find(condition).sort(keys).limit(limit)]
        return [item for item in found if after is None or item.place > after.place]

    async def show_checked(self, file_id: str, state: FileState, detail: str | None) -> list[str]:
        """The file is being checked no more; the ids of the requests whose items said so."""
        checking: Document = {"attachments": {"$elemMatch": {"id": file_id, "state": "checking"}}}
        # Named for the index; in an update it would make ``$`` mean the first file that is being checked.
        found = await self.collection.find(checking | {"attachments.state": "checking"}).to_list(None)
        for document in found:
            said_so = {"_id": document["_id"]} | checking
            ended = {"attachments.$.state": state, "attachments.$.detail": detail}
            await self.collection.update_one(said_so, {"$set": ended})
        return [document["request_id"] for document in found]

    async def with_files(self, request_ids: Iterable[str]) -> list[Item]:
        """The requests' e-mails and forms: what came or went with files that are nobody else's."""
        sent: Document = {"$or": [{"kind": "email"}, {"kind": "message", "channel": "web_form"}]}
        found = self.collection.find({"request_id": {"$in": [*request_ids]}} | sent)
        return [from_document(document) async for document in found]

    async def written_by(self, addresses: Iterable[str], until: datetime | None = None) -> list[Item]:
        """The e-mails that came from these addresses, as `email_key` makes them, on whatever request they are.

        Those up to ``until``, if that is given.
        """
        came: Document = {"at": {"$lte": until}} if until else {}
        found = self.collection.find({"sender_key": {"$in": [*addresses]}} | came)
        return [from_document(document) async for document in found]

    async def naming(self, contact_ids: Iterable[str]) -> list[Item]:
        """The lines that tell of one of these contacts, also on requests that they are not on any more."""
        asked = {"$in": [*contact_ids]}
        found = self.collection.find({"$or": [{"event.before.id": asked}, {"event.after.id": asked}]})
        return [from_document(document) async for document in found]

    async def rewrite(self, request_id: str, change: Callable[[Item], Item]) -> bool:
        """Put what ``change`` makes of each item of the request in its place; whether it made any other.

        An item that changes meanwhile is read again: neither a later revision nor what another one took out is undone.
        """
        rewritten = False
        for document in await self.collection.find({"request_id": request_id}).to_list(None):
            there: Document | None = document
            while there is not None:
                before = from_document(there)
                after = change(before)
                if after == before:
                    break
                result = await self.collection.replace_one(there, to_document(after))
                if result.matched_count:
                    rewritten = True
                    break
                there = await self.collection.find_one({"_id": before.id})
        return rewritten

    async def page(
        self, request_id: str, order: Order, limit: int, cursor: str | None
    ) -> tuple[list[Item], str | None]:
        """Items of a request by ``(at, rank, id)``, and the cursor of the next page. Raises `Invalid` for a bad one."""
        direction = 1 if order == "asc" else -1
        condition: Document = {"request_id": request_id}
        if cursor is not None:
            at, rank, item_id = decode_cursor(cursor, datetime, int, str)
            beyond, shown, last = ("$gte", "$lt", "$lte") if order == "asc" else ("$lte", "$gt", "$gte")
            # One range of the index; what shares the cursor's instant and was shown is left out of it.
            condition["at"] = {beyond: at}
            condition["$nor"] = [{"at": at, "rank": {shown: rank}}, {"at": at, "rank": rank, "_id": {last: item_id}}]
        keys = [("at", direction), ("rank", direction), ("_id", direction)]
        found = await self.collection.find(condition).sort(keys).limit(limit + 1).to_list(limit + 1)
        items = [from_document(document) for document in found[:limit]]
        end = items[-1] if len(found) > limit else None
        return items, encode_cursor((end.at, end.rank, end.id)) if end else None


def to_document(item: Item) -> Document:
    """The item as it is stored, here and among the pending items of its request."""
    document = _flat(item) | {
        "author": _flat(item.author),
        "attachments": [_flat(file) for file in item.attachments],
        "event": item.event and asdict(item.event),
        "email": item.email and asdict(item.email),
        "delivery": item.delivery and asdict(item.delivery),
    }
    sender = writer(item.email) or item.email.sender if item.email else None
    key = {"sender_key": email_key(sender.email)} if sender else {}
    return {"_id": document.pop("id"), **document, **key}


def _flat(value: Any) -> Document:
    # Not ``dataclasses.asdict``, which copies deeply: a chat message has nothing deep.
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _revised(document: Document) -> Document:
    """What a later revision may change: never the words, for an erasure may have been at them meanwhile."""
    email = document["email"]
    return {
        "request_id": document["request_id"],
        "author.id": document["author"]["id"],
        "delivery": document["delivery"],
        "email.placed": email["placed"],
        "email.other_sender": email["other_sender"],
        "email.written_by": email["written_by"],
        "email.judged_by": email["judged_by"],
        "revision": document["revision"],
    }


def from_document(document: Document) -> Item:
    """The stored item."""
    fields = {name: value for name, value in document.items() if name != "sender_key"}
    event = fields["event"]
    return Item(
        id=fields.pop("_id"),
        **fields
        | {
            "author": Author(**fields["author"]),
            "attachments": tuple(Attachment(**file) for file in fields["attachments"]),
            "event": event and Event(event["name"], _side(event["before"]), _side(event["after"])),
            "email": _EMAIL.validate_python(fields.get("email")),
            "delivery": _DELIVERY.validate_python(fields.get("delivery")),
        },
    )


def _side(value: str | Document | None) -> str | Party | None:
    return Party(**value) if isinstance(value, dict) else value
