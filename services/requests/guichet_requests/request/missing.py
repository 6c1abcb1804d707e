"""What logs hold and requests have not heard of: noticed, asked for, and asked for again until it is there.

The log is the truth, and an event a hint: one may be lost with the queue that it lay in. That something is missing
shows in a hole before what was heard of (``holed``), and in what ``chat`` tells of how far its logs go. What is missing
may also be on its way: so it is noted, looked at again a little later, and only then asked for; and not while anything
lies in the queue of entries, for it may be among that. A desk that is behind would ask for what it has, and be told of
it twice, the more the further it is behind.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
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
from guichet_requests.request.spans import Spans, gaps
from guichet_requests.request.store import RequestStore
from guichet_requests.request.telling import Publisher

COLLECTION = "missing"

GRACE = timedelta(seconds=5)
"""What is missing for less than this may be on its way."""

AGAIN, AGAIN_MOST = timedelta(seconds=10), timedelta(minutes=10)
"""One conversation's entries are asked for again after so long, and after twice as long each time."""

AT_LAST = timedelta(minutes=5)
"""What is missing for so long is asked for, whatever lies in the queue."""

HOLES = 20
"""So many holes of one conversation are asked for at a time."""

LOOK_SECONDS, CALM_SECONDS = 2.0, 10.0
"""Between two looks: while something is missing or was a moment ago, and otherwise."""

_AT_ONCE = 200
_MAY_PASS: tuple[type[Exception], ...] = (PublishFailed, ConnectionError, *OUTAGES)

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


async def lacking(requests: RequestStore, tails: Mapping[str, int]) -> dict[str, Spans]:
    """Those of the conversations whose logs go so far, of which not all was heard, with what was not."""
    heard = await requests.conversations_of(tails)
    missing = {one: _missing(heard.get(one), tail) for one, tail in tails.items()}
    return {one: spans for one, spans in missing.items() if spans}


async def hear_of_tails(requests: RequestStore, missing: MissingStore, tails: Mapping[str, int]) -> dict[str, Spans]:
    """Note what the requests lack of logs that go so far; the conversations that lack something, as `lacking`."""
    lack = await lacking(requests, tails)
    if lack:
        await missing.note({one: tails[one] for one in lack})
    return lack


def _missing(heard: Conversation | None, tail: int) -> Spans:
    return gaps((), tail) if heard is None else heard.missing(tail)


class Healer:
    """Looks for what is missing, and asks for it. ``waiting``: how many messages lie in the queue of entries."""

    def __init__(
        self, publisher: Publisher, requests: RequestStore, missing: MissingStore, waiting: Callable[[], Awaitable[int]]
    ) -> None:
        self._publisher, self._requests, self._missing, self._waiting = publisher, requests, missing, waiting
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
            ConnectionError: the broker does not say what lies in the queue; so it is later, too.
        """
        holed = await self._requests.holed(self._looked_up_to, _AT_ONCE)
        # Round and round: those that nobody can fill must not hide others.
        self._looked_up_to = holed[-1][0] if len(holed) == _AT_ONCE else ""
        tails = {one.id: one.last_seq for _, held in holed for one in held if one.missing()}
        if tails:
            await self._missing.note(tails)
        if not await self._missing.any():
            behind.missing = 0.0
            conversations.set(0)
            return []
        # Something is noted, here or by another process: until it is there, or asked for in vain, look often.
        self._looks.soon()
        due = await self._missing.due()
        if due and await self._waiting():
            due = [noted for noted in due if now() - noted["since"] > AT_LAST]
        asking = await self._claimed(due) if due else {}
        if asking:
            log.warning("entries_missing", conversations=len(asking), first=next(iter(asking)))
            wanted.inc(len(asking))
            events = [_entries_wanted(one, *span) for one, spans in asking.items() for span in spans[:HOLES]]
            await self._publisher.publish_batch(events)
        count, behind.missing = await self._missing.asked()
        conversations.set(count)
        return [*asking]

    async def _claimed(self, due: Iterable[Document]) -> dict[str, Spans]:
        """Those of the conversations of which something is missing still, and is for this process to ask for."""
        by_id = {noted["_id"]: noted for noted in due}
        lack = await lacking(self._requests, {one: noted["tail"] for one, noted in by_id.items()})
        asking: dict[str, Spans] = {}
        for one, noted in by_id.items():
            if one not in lack:
                await self._missing.found(noted)
            elif await self._missing.claim(noted):
                asking[one] = lack[one]
        return asking


def _entries_wanted(conversation_id: str, first: int, last: int) -> Document:
    data = contract.EntriesWantedData(conversation_id=conversation_id, after_seq=first - 1, up_to_seq=last)
    event = contract.EntriesWanted(id=new_id(), time=now(), subject=conversation_id, data=data)
    return event.model_dump(mode="json")
