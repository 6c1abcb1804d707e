"""E-mails that were submitted, until it is heard what became of them: their events, to be told again.

An event is a hint: one is lost when the queue that it lies in is deleted, and so may be what ``mailer`` says of it. So
what was submitted is kept beside the request until its fate is known. ``mailer`` takes each e-mail once, and answers a
repeat with where it stands.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from guichet_contracts.event import Event
from guichet_kit import tasks
from guichet_kit.broker import PublishFailed
from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.mongo import (
    ASCENDING,
    OUTAGES,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    create_indexes,
)
from prometheus_client import Counter

from guichet_requests.request.telling import Publisher

COLLECTION = "unanswered"
AWAITED = "requests.email.submitted.v1"

FIRST, MOST = timedelta(minutes=1), timedelta(hours=1)
"""How long an answer is waited for before the e-mail is told of again; twice as long each time, up to the second."""

LOOK_SECONDS = 10.0
_AT_ONCE = 50
_MAY_PASS: tuple[type[Exception], ...] = (PublishFailed, *OUTAGES)

told_again = Counter("guichet_requests_emails_told_again_total", "E-mails whose fate was not heard of in time")

log = get_logger(__name__)


class UnansweredStore:
    """The collection ``unanswered``: e-mails whose fate is not known yet, with their events, and when to tell again."""

    def __init__(self, database: Database) -> None:
        self.collection: Collection = database[COLLECTION]

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(
            self.collection, [IndexModel("due", name="due"), IndexModel("request_id", name="request_id")]
        )

    async def note(self, request_id: str, told: Sequence[Event[Any]]) -> list[str]:
        """Keep those of the events that await an answer, before they are saved; the ids of those that are new here.

        Whoever then cannot save them takes these back. What a crash leaves goes when it is due: no e-mail has its id.
        """
        noted = []
        for event in told:
            if event.type == AWAITED:
                document = {"request_id": request_id, "event": event.model_dump(mode="json"), "due": now() + FIRST}
                try:
                    await self.collection.insert_one({"_id": event.subject, "tries": 0, **document})
                    noted.append(event.subject)
                except DuplicateKeyError:  # of an attempt before, or beside, this one
                    await self.collection.update_one({"_id": event.subject}, {"$set": document})
        return noted

    async def take_back(self, item_ids: Sequence[str]) -> None:
        """These e-mails were not saved."""
        if item_ids:
            await self.collection.delete_many({"_id": {"$in": [*item_ids]}})

    async def answered(self, item_id: str) -> None:
        """What became of the e-mail is known."""
        await self.collection.delete_one({"_id": item_id})

    async def rewrite(self, request_id: str, change: Callable[[Document], Document]) -> None:
        """Put what ``change`` makes of each event of the request in its place."""
        for document in await self.collection.find({"request_id": request_id}).to_list(None):
            after = change(document["event"])
            if after != document["event"]:
                await self.collection.update_one({"_id": document["_id"]}, {"$set": {"event": after}})

    async def due(self) -> list[Document]:
        """Those that are to be told again, the longest due first."""
        found = self.collection.find({"due": {"$lte": now()}}).sort("due", ASCENDING).limit(_AT_ONCE)
        return await found.to_list(_AT_ONCE)

    async def claim(self, noted: Document) -> Document | None:
        """The event, as it is now, where it is for this process to tell it; nobody else does for a while."""
        wait = min(FIRST * 2 ** min(noted["tries"] + 1, 10), MOST)
        later: Document = {"$set": {"due": now() + wait}, "$inc": {"tries": 1}}
        found = await self.collection.find_one_and_update({"_id": noted["_id"], "due": noted["due"]}, later)
        return found["event"] if found else None


class Retelling:
    """Tells again of e-mails whose fate was not heard of.

    ``is_open``: whether the fate of an e-mail, on a request, is still open.
    """

    def __init__(
        self, publisher: Publisher, store: UnansweredStore, is_open: Callable[[str, str], Awaitable[bool]]
    ) -> None:
        self._publisher, self._store, self._is_open = publisher, store, is_open

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look until the context ends."""
        looking = asyncio.create_task(self._look_for_ever())
        try:
            yield
        finally:
            await tasks.stop(looking)

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except _MAY_PASS as error:
                log.warning("look_for_unanswered_stopped", error=str(error)[:200])
            except Exception:  # whatever it was, the next look may do better
                log.exception("look_for_unanswered_stopped")

    async def look(self) -> int:
        """Tell again of those that are due and still open; how many."""
        told = 0
        for noted in await self._store.due():
            if not await self._is_open(noted["request_id"], noted["_id"]):
                await self._store.answered(noted["_id"])
            elif event := await self._store.claim(noted):
                log.warning("email_told_again", item_id=noted["_id"], tries=noted["tries"] + 1)
                told_again.inc()
                told += 1
                await self._publisher.publish_batch([event])
        return told
