"""Events saved with the state, then published.

A document carries the events that it caused in its ``outbox`` array, written by the same single-document write
(atomic in MongoDB). The `Relay` publishes them at once after the write and pulls them from the array; a sweep with a
lease finds what a crash or an absent broker left. So an event is published at least once, or its write never was.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Protocol

from guichet_contracts.event import Event
from prometheus_client import Counter

from guichet_kit import tasks, trace
from guichet_kit.broker import EventPublisher, PublishFailed
from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES, Collection, Document, IndexModel

OUTBOX_INDEX = IndexModel("outbox.at", name="outbox", partialFilterExpression={"outbox.at": {"$exists": True}})
"""Every collection with an outbox has this index: the sweep reads nothing but what is left over."""

SWEEP_SECONDS = 1.0
MIN_AGE = timedelta(seconds=2)
LEASE = timedelta(seconds=30)
RETRY_AFTER = timedelta(seconds=3)
"""An event that could not be published now lets the others go first for so long."""

_WORKERS = 16
_WAITING_MAX = 10_000
_DRAIN_SECONDS = 5.0
_MAY_PASS: tuple[type[Exception], ...] = (PublishFailed, *OUTAGES)

published = Counter("guichet_outbox_published_total", "Events published from an outbox", ["type"])
failed = Counter("guichet_outbox_failed_total", "Attempts to publish an event that failed", ["type"])
swept = Counter("guichet_outbox_swept_total", "Documents whose events a sweep found", ["collection"])

log = get_logger(__name__)


def pending(event: Event[Any]) -> Document:
    """The event as an element of an ``outbox`` array."""
    return {
        "id": event.id,
        "at": now(),
        "traceparent": trace.traceparent.get(),
        "event": event.model_dump(mode="json"),
    }


class Relay(Protocol):
    """What a use case needs: to say that a document was just written with events."""

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        """Publish ``entries`` of the document's outbox soon. Returns at once, never fails."""


class OutboxRelay:
    """Publishes what the outboxes of ``collections`` hold, in the background."""

    def __init__(self, publisher: EventPublisher, collections: Sequence[Collection]) -> None:
        self._publisher, self._collections = publisher, collections
        self._waiting: asyncio.Queue[tuple[Collection, Any, Sequence[Document]]] = asyncio.Queue(_WAITING_MAX)

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        """Publish soon; when too many wait already, the sweep will find it."""
        if entries:
            with contextlib.suppress(asyncio.QueueFull):
                self._waiting.put_nowait((collection, document_id, entries))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Publish and sweep until the context ends; what then still waits gets a moment more."""
        background = [asyncio.create_task(self._work()) for _ in range(_WORKERS)]
        background.append(asyncio.create_task(self._sweep_for_ever()))
        try:
            yield
        finally:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._waiting.join(), _DRAIN_SECONDS)
            await tasks.stop(*background)

    async def _work(self) -> None:
        while True:
            collection, document_id, entries = await self._waiting.get()
            try:
                await self._publish(collection, document_id, entries)
            except _MAY_PASS as error:
                log.warning("outbox_left_to_sweep", collection=collection.name, error=str(error)[:200])
            except Exception:  # the relay outlives what nobody foresaw
                log.exception("outbox_left_to_sweep", collection=collection.name)
            finally:
                self._waiting.task_done()

    async def _publish(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        for entry in entries:
            event_type = entry["event"]["type"]
            try:
                await self._publisher.publish(entry["event"], entry.get("traceparent"))
            except PublishFailed:
                failed.labels(event_type).inc()
                raise
            published.labels(event_type).inc()
        done = {"$in": [entry["id"] for entry in entries]}
        await collection.update_one(
            {"_id": document_id}, {"$pull": {"outbox": {"id": done}}, "$unset": {"outbox_lease": ""}}
        )

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for collection in self._collections:
                try:
                    await self.sweep(collection)
                except _MAY_PASS as error:
                    log.warning("outbox_sweep_stopped", collection=collection.name, error=str(error)[:200])
                except Exception:  # as above
                    log.exception("outbox_sweep_stopped", collection=collection.name)

    async def sweep(self, collection: Collection) -> int:
        """Publish what is older than ``MIN_AGE`` and under nobody's lease; returns how many documents had some."""
        count = 0
        while True:
            moment = now()
            found = await collection.find_one_and_update(
                {
                    "outbox.at": {"$lt": moment - MIN_AGE},
                    "$or": [{"outbox_lease": {"$exists": False}}, {"outbox_lease": {"$lt": moment}}],
                },
                {"$set": {"outbox_lease": moment + LEASE}},
                projection={"outbox": True},
            )
            if found is None:
                return count
            count += 1
            swept.labels(collection.name).inc()
            try:
                await self._publish(collection, found["_id"], found["outbox"])
            except PublishFailed:
                again = {"$set": {"outbox_lease": now() + RETRY_AFTER}}
                await collection.update_one({"_id": found["_id"], "outbox.0": {"$exists": True}}, again)
                raise
