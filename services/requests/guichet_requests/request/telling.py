"""Tells the rest of Guichet which requests changed: each with its last state, a few times a second at most.

A change marks its request in the same write (``untold``). The process that made it tells of it from memory and takes
the mark off, with the version that it told as guard; a mark that stays, because a process died or the broker was
away, is found by a sweep of any process, which reads the state again. So a change is told at least once, or a later
one is; a request's ``version`` says which of two is newer.

The mark stays for a while after its change was told of: a request that changes again meanwhile keeps it, and is
written once for each change instead of twice. So that no sweep takes such a request for a forgotten one, the next
change moves a mark that has become old.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from guichet_kit import tasks, trace
from guichet_kit.broker import PublishFailed
from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.looks import Looks
from guichet_kit.mongo import ASCENDING, OUTAGES, Collection, Document, UpdateOne, quickly, update_each
from prometheus_client import Gauge

from guichet_requests.request.documents import from_document
from guichet_requests.request.events import changed
from guichet_requests.request.request import Request

EVERY_SECONDS = 0.25
"""One request is told of once in so long."""

ROUND_SECONDS = 0.05
"""What changes within so long of a round goes together in the next."""

SWEEP_SECONDS, CALM_SECONDS = 2.0, 10.0
"""Between two sweeps: while something was left a moment ago, and otherwise."""

MIN_AGE = timedelta(seconds=5)
"""Marks older than this are of a process that ended, or that cannot publish."""

TAKEN_OFF_AFTER_SECONDS = 1.5
"""How long a mark stays, at least, after its change was told of."""

MOVED_AFTER = timedelta(seconds=2)
"""How old the mark of a request that was told of becomes before the next change moves it."""

_PAUSE_SECONDS = 1.0
_AT_ONCE = 500
_DRAIN_SECONDS = 3.0
_MAY_PASS: tuple[type[Exception], ...] = (PublishFailed, *OUTAGES)

oldest = Gauge("guichet_requests_untold_seconds", "For how long the oldest change that was not told of has waited")

log = get_logger(__name__)


class Publisher(Protocol):
    """Publishes many events of one type as one message."""

    async def publish_batch(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Raises `PublishFailed`."""


class Telling(Protocol):
    """What the store needs: to say that a request was just saved, and marked."""

    def tell(self, request: Request) -> None:
        """Tell of the request soon. Returns at once, never fails."""

    def moved_mark(self, request_id: str) -> datetime | None:
        """The time that a change is to move the request's mark to; None: a mark that is there stays as it is."""


class Teller:
    """Tells of the changes that this process made, and of those that no other did."""

    def __init__(self, publisher: Publisher, collection: Collection) -> None:
        self._publisher, self._collection = publisher, collection
        self._waiting: dict[str, _Waiting] = {}
        self._told_at: dict[str, float] = {}
        self._marked: dict[str, _Marked] = {}
        self._something, self._at_work = asyncio.Event(), asyncio.Lock()
        self._looks = Looks()

    def tell(self, request: Request) -> None:
        """Tell of the request soon, unless a newer state of it waits already."""
        known = self._waiting.get(request.id)
        if known is None or known.request.version <= request.version:
            moment = now()
            self._waiting[request.id] = _Waiting(request, known.since if known else moment, moment)
            self._something.set()

    def moved_mark(self, request_id: str) -> datetime | None:
        """The time that a change is to move the request's mark to; None: a mark that is there stays as it is."""
        marked, moment = self._marked.get(request_id), now()
        if marked is None or marked.since > moment - MOVED_AFTER:
            return None
        waiting = self._waiting.get(request_id)
        marked.since = waiting.since if waiting else moment
        return marked.since

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell and sweep until the context ends; what then still waits gets a moment more."""
        works = self._tell_for_ever(), self._take_off_for_ever(), self._sweep_for_ever()
        background = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_SECONDS), self._at_work:
                    # A round that is at work ends first: cut short, it would be told once more.
                    pass
            await tasks.stop(*background)
            with contextlib.suppress(TimeoutError, *_MAY_PASS):
                async with asyncio.timeout(_DRAIN_SECONDS):
                    while self._waiting:
                        await self.round(list(self._waiting)[:_AT_ONCE])
                    await self.take_off(self._marked)

    async def _tell_for_ever(self) -> None:
        while True:
            await self._something.wait()
            begun = time.monotonic()
            self._told_at = {one: at for one, at in self._told_at.items() if at > begun - EVERY_SECONDS}
            due = [one for one in self._waiting if one not in self._told_at][:_AT_ONCE]
            try:
                async with self._at_work:
                    await self.round(due)
            except _MAY_PASS as error:
                self._leave_to_sweep()
                log.warning("changes_left_to_sweep", error=str(error)[:200])
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:  # the teller outlives what nobody foresaw
                self._leave_to_sweep()
                log.exception("changes_left_to_sweep")
                await asyncio.sleep(_PAUSE_SECONDS)
            if not self._waiting:
                self._something.clear()
            await asyncio.sleep(max(0.0, begun + ROUND_SECONDS - time.monotonic()))

    def _leave_to_sweep(self) -> None:
        # It reads them again: what waits here must not outlive, say, an erasure for as long as this lasts. And no mark
        # is moved any more, or the oldest would look young.
        self._waiting.clear()
        self._marked.clear()
        self._looks.soon()

    async def round(self, request_ids: Iterable[str]) -> None:
        """Tell of these requests, which wait; their marks stay for a while."""
        telling = [self._waiting.pop(one) for one in request_ids]
        if not telling:
            return
        moment = time.monotonic()
        self._told_at |= {one.request.id: moment for one in telling}
        await self._publisher.publish_batch([one.event() for one in telling])
        for one in telling:
            before = self._marked.get(one.request.id)
            since = before.since if before else one.since
            self._marked[one.request.id] = _Marked(one.request.version, one.changed_at, since, moment)

    async def _take_off_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TAKEN_OFF_AFTER_SECONDS / 2)
            until = time.monotonic() - TAKEN_OFF_AFTER_SECONDS
            try:
                async with self._at_work:
                    await self.take_off([one for one, marked in self._marked.items() if marked.told_at <= until])
            except OUTAGES as error:
                log.warning("marks_left_to_sweep", error=str(error)[:200])
            except Exception:  # taking marks off goes on, whatever stopped it once
                log.exception("marks_left_to_sweep")

    async def take_off(self, request_ids: Iterable[str]) -> None:
        """Take off the marks of those of these requests that did not change again since they were told of.

        Where another process changed one, the mark is its from then on: it is not older than what was told of.
        """
        told = {one: self._marked.pop(one) for one in [*request_ids] if one not in self._waiting}
        unmarked = [UpdateOne({"_id": one, "untold": {"$exists": True}}, _off(marked)) for one, marked in told.items()]
        if unmarked:
            # When a failover takes this back, it is told once more.
            await update_each(quickly(self._collection), unmarked)

    async def _sweep_for_ever(self) -> None:
        while True:
            await self._looks.due(SWEEP_SECONDS, CALM_SECONDS)
            found = True
            try:
                found = bool(await self.sweep())
            except _MAY_PASS as error:
                log.warning("sweep_of_changes_stopped", error=str(error)[:200])
            except Exception:  # the sweep goes on, whatever stopped it once
                log.exception("sweep_of_changes_stopped")
            if found:
                self._looks.soon()

    async def sweep(self) -> int:
        """Have those told of that wait for longer than ``MIN_AGE``, the oldest first; how many were found."""
        found = (
            await self._collection.find({"untold": {"$lt": now() - MIN_AGE}}, {"outbox": False, "pending": False})
            .sort("untold", ASCENDING)
            .limit(_AT_ONCE)
            .to_list(_AT_ONCE)
        )
        oldest.set((now() - found[0]["untold"]).total_seconds() if found else 0)
        for document in found:
            marked = self._marked.get(document["_id"])
            if marked is None or marked.version < document["version"]:  # otherwise it was told of a moment ago
                self.tell(from_document(document))
        return len(found)


class _Waiting:
    """A request to be told of, since when it waits, when it changed last, and what that change goes back to."""

    __slots__ = ("_because", "changed_at", "request", "since")

    def __init__(self, request: Request, since: datetime, changed_at: datetime) -> None:
        self.request, self.since, self.changed_at = request, since, changed_at
        self._because = (trace.correlation_id.get(), trace.causation_id.get())

    def event(self) -> Document:
        return changed(self.request, *self._because).model_dump(mode="json")


@dataclass(slots=True)
class _Marked:
    """The version of a request that was told of, and when it came to be; since when the mark is there, at most."""

    version: int
    changed_at: datetime
    since: datetime
    told_at: float


def _off(marked: _Marked) -> list[Document]:
    unchanged = {"$eq": ["$version", marked.version]}
    moved = {"$max": ["$untold", marked.changed_at]}
    return [{"$set": {"untold": {"$cond": [unchanged, "$$REMOVE", moved]}}}]
