"""What logs hold and requests have not heard of: noticed, asked for, and asked for again until it is there.

The log is the truth, and an event a hint: one may be lost with the queue that it lay in. That something is missing
shows in a hole before what was heard of (``holed``), and in what ``chat`` tells of how far its logs go. What is missing
may also be on its way: so it is noted, looked at again a little later, and only then asked for.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from guichet_contracts import requests as contract
from guichet_kit import tasks
from guichet_kit.broker import PublishFailed
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.looks import Looks
from guichet_kit.mongo import (
    ASCENDING,
    OUTAGES,
    Collection,
    Database,
    Document,
    IndexModel,
    UpdateOne,
    create_indexes,
    update_each,
)
from prometheus_client import Counter, Gauge

from guichet_requests.request.behind import behind
from guichet_requests.request.conversation import Conversation
from guichet_requests.request.store import RequestStore
from guichet_requests.request.telling import Publisher

COLLECTION = "missing"

GRACE = timedelta(seconds=5)
"""What is missing for less than this may be on its way."""

AGAIN, AGAIN_MOST = timedelta(seconds=10), timedelta(minutes=10)
"""One conversation's entries are asked for again after so long, and after twice as long each time."""

LOOK_SECONDS, CALM_SECONDS = 2.0, 10.0
"""Between two looks: while something is missing or was a moment ago, and otherwise."""

_AT_ONCE = 200
_MAY_PASS: tuple[type[Exception], ...] = (PublishFailed, *OUTAGES)

wanted = Counter("guichet_requests_entries_wanted_total", "Times that a conversation's missing entries were asked for")
conversations = Gauge("guichet_requests_conversations_missing", "Conversations of which entries were asked for")

log = get_logger(__name__)


class MissingStore:
    """The collection ``missing``: conversations of which something may be missing, until it is there."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database[COLLECTION]

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(self.collection, [IndexModel("due", name="due")])

    async def note(self, tails: Mapping[str, int]) -> None:
        """Look at these conversations in a little while: their logs go as far as this at least."""
        known = self.collection.find({"_id": {"$in": [*tails]}}, {"tail": True})
        noted = {document["_id"]: document["tail"] for document in await known.to_list(None)}
        moment = now()
        updates = [
            UpdateOne(
                {"_id": conversation_id},
                {
                    "$max": {"tail": tail},
                    "$setOnInsert": {"since": moment, "due": moment + GRACE, "tries": 0},
                },
                upsert=True,
            )
            for conversation_id, tail in tails.items()
            if noted.get(conversation_id, -1) < tail
        ]
        if updates:
            await update_each(self.collection, updates)

    async def any(self) -> bool:
        """Whether anything is noted at all."""
        return await self.collection.find_one({}, {"_id": True}) is not None

    async def due(self) -> list[Document]:
        """Those that are to be looked at, the longest due first."""
        found = self.collection.find({"due": {"$lte": now()}}).sort("due", ASCENDING).limit(_AT_ONCE)
        return await found.to_list(_AT_ONCE)

    async def claim(self, noted: Document) -> bool:
        """Whether it is for this process to ask, now; nobody else does before `AGAIN`."""
        pause = min(AGAIN * 2 ** min(noted["tries"], 10), AGAIN_MOST)
        asked = {"$set": {"due": now() + pause}, "$inc": {"tries": 1}}
        result = await self.collection.update_one({"_id": noted["_id"], "due": noted["due"]}, asked)
        return result.modified_count == 1

    async def found(self, noted: Document) -> None:
        """Nothing is missing any more, unless the log was heard to go further meanwhile."""
        await self.collection.delete_one({"_id": noted["_id"], "tail": noted["tail"]})

    async def asked(self) -> tuple[int, float]:
        """Of how many conversations entries were asked for and are not there, and for how many seconds at most."""
        asked: Document = {"tries": {"$gt": 0}}
        first = await self.collection.find_one(asked, sort=[("since", ASCENDING)])
        if first is None:
            return 0, 0.0
        return await self.collection.count_documents(asked), (now() - first["since"]).total_seconds()


async def lacking(requests: RequestStore, tails: Mapping[str, int]) -> dict[str, int]:
    """Those of the conversations whose log goes further than what was heard of it, with the entry after which."""
    heard = await requests.conversations_of(tails)
    after = {one: _missing_after(heard.get(one), tail) for one, tail in tails.items()}
    return {one: seq for one, seq in after.items() if seq is not None}


async def hear_of_tails(requests: RequestStore, missing: MissingStore, tails: Mapping[str, int]) -> dict[str, int]:
    """Note what the requests lack of logs that go so far; the conversations that lack something, as `lacking`."""
    lack = await lacking(requests, tails)
    if lack:
        await missing.note({one: tails[one] for one in lack})
    return lack


def _missing_after(heard: Conversation | None, tail: int) -> int | None:
    if heard is None:
        return 0 if tail > 0 else None
    return heard.missing_after(tail)


class Healer:
    """Looks for what is missing, and asks for it."""

    def __init__(self, publisher: Publisher, requests: RequestStore, missing: MissingStore) -> None:
        self._publisher, self._requests, self._missing = publisher, requests, missing
        self._looked_up_to = ""
        self._looks = Looks()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look every `LOOK_SECONDS`, or `CALM_SECONDS` where nothing is missing, until the context ends."""
        work = asyncio.create_task(self._look_for_ever())
        try:
            yield
        finally:
            await tasks.stop(work)

    async def _look_for_ever(self) -> None:
        while True:
            await self._looks.due(LOOK_SECONDS, CALM_SECONDS)
            try:
                await self.look()
            except _MAY_PASS as error:
                self._looks.soon()
                log.warning("look_for_missing_stopped", error=str(error)[:200])
            except Exception:  # it goes on whatever happens
                self._looks.soon()
                log.exception("look_for_missing_stopped")

    async def look(self) -> list[str]:
        """Note the holes, ask for what is due; the conversations of which entries were asked for.

        Raises:
            PublishFailed: what was to be asked for is asked for later.
        """
        holed = await self._requests.holed(self._looked_up_to, _AT_ONCE)
        # Round and round: those that nobody can fill must not hide others.
        self._looked_up_to = holed[-1][0] if len(holed) == _AT_ONCE else ""
        tails = {one.id: one.last_seq for _, held in holed for one in held if one.missing_after() is not None}
        if tails:
            await self._missing.note(tails)
        if not await self._missing.any():
            behind.missing = 0.0
            conversations.set(0)
            return []
        # Something is noted, here or by another process: until it is there, or asked for in vain, look often.
        self._looks.soon()
        due = await self._missing.due()
        asking = await self._claimed(due) if due else {}
        if asking:
            log.warning("entries_missing", conversations=len(asking), first=next(iter(asking)))
            wanted.inc(len(asking))
            await self._publisher.publish_batch([_entries_wanted(one, after) for one, after in asking.items()])
        count, behind.missing = await self._missing.asked()
        conversations.set(count)
        return [*asking]

    async def _claimed(self, due: Iterable[Document]) -> dict[str, int]:
        """Those of the conversations of which something is missing still, and is for this process to ask for."""
        by_id = {noted["_id"]: noted for noted in due}
        lack = await lacking(self._requests, {one: noted["tail"] for one, noted in by_id.items()})
        asking: dict[str, int] = {}
        for one, noted in by_id.items():
            if one not in lack:
                await self._missing.found(noted)
            elif await self._missing.claim(noted):
                asking[one] = lack[one]
        return asking


def _entries_wanted(conversation_id: str, after_seq: int) -> Document:
    data = contract.EntriesWantedData(conversation_id=conversation_id, after_seq=after_seq)
    event = contract.EntriesWanted(id=new_id(), time=now(), subject=conversation_id, data=data)
    return event.model_dump(mode="json")
