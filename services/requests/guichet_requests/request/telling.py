"""Tells the rest of Guichet which requests changed: each with its last state, a few times a second at most.

A change marks its request in the same write (``untold``). The process that made it tells of it from memory and takes
the mark off, with the version that it told as guard; a mark that stays, because a process died or the broker was
away, is found by a sweep of any process, which reads the state again. So a change is told at least once, or a later
one is; a request's ``version`` says which of two is newer.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
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

MIN_AGE = timedelta(seconds=3)
"""Marks older than this are nobody's any more, or of a process that cannot publish."""

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


class Teller:
    """Tells of the changes that this process made, and of those that no other did."""

    def __init__(self, publisher: Publisher, collection: Collection) -> None:
        self._publisher, self._collection = publisher, collection
        self._waiting: dict[str, _Waiting] = {}
        self._told_at: dict[str, float] = {}
        self._something, self._at_work = asyncio.Event(), asyncio.Lock()
        self._looks = Looks()

    def tell(self, request: Request) -> None:
        """Tell of the request soon, unless a newer state of it waits already."""
        known = self._waiting.get(request.id)
        if known is None or known.request.version <= request.version:
            self._waiting[request.id] = _Waiting(request)
            self._something.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell and sweep until the context ends; what then still waits gets a moment more."""
        background = [asyncio.create_task(self._tell_for_ever()), asyncio.create_task(self._sweep_for_ever())]
        try:
            yield
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_SECONDS), self._at_work:
                    # A round that is at work takes its marks off first: cut short, it would be told once more.
                    pass
            await tasks.stop(*background)
            with contextlib.suppress(TimeoutError, *_MAY_PASS):
                async with asyncio.timeout(_DRAIN_SECONDS):
                    while self._waiting:
                        await self.round(list(self._waiting)[:_AT_ONCE])

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
                # Read again by the sweep: what waits here must not outlive, say, an erasure for as long as this lasts.
                self._waiting.clear()
                self._looks.soon()
                log.warning("changes_left_to_sweep", error=str(error)[:200])
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception:  # the teller outlives what nobody foresaw
                self._waiting.clear()
                self._looks.soon()
                log.exception("changes_left_to_sweep")
                await asyncio.sleep(_PAUSE_SECONDS)
            if not self._waiting:
                self._something.clear()
            await asyncio.sleep(max(0.0, begun + ROUND_SECONDS - time.monotonic()))

    async def round(self, request_ids: Iterable[str]) -> None:
        """Tell of these requests, which wait, and take off the marks of those that did not change again."""
        telling = [self._waiting.pop(one) for one in request_ids]
        if not telling:
            return
        moment = time.monotonic()
        self._told_at |= {one.request.id: moment for one in telling}
        await self._publisher.publish_batch([one.event() for one in telling])
        told = [one.request for one in telling if one.request.id not in self._waiting]
        if told:
            unmarked = [
                UpdateOne({"_id": one.id, "version": one.version}, {"$unset": {"untold": ""}}) for one in told
            ]  # fmt: skip
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
            except Exception:  # as above
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
            self.tell(from_document(document))
        return len(found)


class _Waiting:
    """A request to be told of, and what its change goes back to."""

    __slots__ = ("_because", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self._because = (trace.correlation_id.get(), trace.causation_id.get())

    def event(self) -> Document:
        return changed(self.request, *self._because).model_dump(mode="json")
