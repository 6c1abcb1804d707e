"""Events saved with the state, then published.

A document carries the events that it caused in its ``outbox`` array, written by the same single-document write
(atomic in MongoDB). The `Relay` publishes them at once after the write and pulls them from the array; a sweep with a
lease finds what a crash or an absent broker left. So an event is published at least once, or its write never was.

Nobody but the relay takes events out of an outbox. Whoever must change what they tell rewrites them where they are
(`rewrite_pending`).
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from guichet_contracts.event import Event
from prometheus_client import Counter, Gauge

from guichet_kit import tasks, trace
from guichet_kit.broker import EventPublisher, PublishFailed, Refused
from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.looks import Looks
from guichet_kit.mongo import ASCENDING, OUTAGES, WRITTEN, Collection, Document, IndexModel, ReturnDocument, UpdateOne

OUTBOX_INDEX = IndexModel("outbox.at", name="outbox", partialFilterExpression={"outbox.at": {"$exists": True}})
"""Every collection with an outbox has this index: the sweep reads nothing but what is left over."""

SWEEP_SECONDS, CALM_SECONDS = 1.0, 10.0
"""Between two sweeps: while something waits or did a moment ago, and otherwise. So what a process left that does not
come back is found by another after `CALM_SECONDS`; what this one could not publish, after `SWEEP_SECONDS`."""

MIN_AGE = timedelta(seconds=2)
LEASE = timedelta(seconds=30)
RETRY_AFTER = timedelta(seconds=3)
"""A document whose events could not be published is looked at again after so long; one whose event is refused again
and again after twice as long each time, up to `RETRY_MOST`."""

RETRY_MOST = timedelta(minutes=5)

_TOGETHER = 100
_WAITING_MAX = 10_000
_DRAIN_SECONDS = 5.0
_MAY_PASS: tuple[type[Exception], ...] = (PublishFailed, *OUTAGES)

published = Counter("guichet_outbox_published_total", "Events published from an outbox", ["type"])
failed = Counter("guichet_outbox_failed_total", "Attempts to publish an event that failed", ["type"])
refused = Counter("guichet_outbox_refused_total", "Attempts to publish an event that the broker refused", ["type"])
swept = Counter("guichet_outbox_swept_total", "Documents whose events a sweep found", ["collection"])
oldest = Gauge("guichet_outbox_oldest_seconds", "Age of the oldest event that is not published yet", ["collection"])

log = get_logger(__name__)


def pending(event: Event[Any]) -> Document:
    """The event as an element of an ``outbox`` array."""
    return {
        "id": event.id,
        "at": now(),
        "traceparent": trace.traceparent.get(),
        "event": event.model_dump(mode="json"),
    }


async def rewrite_pending(collection: Collection, document_id: Any, change: Callable[[Document], Document]) -> None:
    """Put what ``change`` makes of each unpublished event of the document in its place, one by one, by their ids.

    Events that were added meanwhile stay as they are; one that was published meanwhile is gone.
    """
    found = await collection.find_one({"_id": document_id}, {"outbox": True})
    for entry in found.get("outbox", ()) if found else ():
        event = change(entry["event"])
        if event != entry["event"]:
            there = {"_id": document_id, "outbox.id": entry["id"]}
            await collection.update_one(there, {"$set": {"outbox.$.event": event}})


class Relay(Protocol):
    """What a use case needs: to say that a document was just written with events."""

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        """Publish ``entries`` of the document's outbox soon. Returns at once, never fails."""


class _Waiting(NamedTuple):
    collection: Collection
    document_id: Any
    entries: Sequence[Document]


class OutboxRelay:
    """Publishes what the outboxes of ``collections`` hold, in the background, many documents at a time."""

    def __init__(
        self,
        publisher: EventPublisher,
        collections: Sequence[Collection],
        also: Callable[[Document], Sequence[str]] = lambda _event: (),
    ) -> None:
        """``also``: an event's routing keys besides its type (see `EventPublisher.publish_batch`)."""
        self._publisher, self._collections, self._also = publisher, collections, also
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(_WAITING_MAX)
        self._looks = Looks()

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        """Publish soon; when too many wait already, the sweep will find it."""
        if entries:
            try:
                self._waiting.put_nowait(_Waiting(collection, document_id, entries))
            except asyncio.QueueFull:
                self._looks.soon()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Publish and sweep until the context ends; what then still waits gets a moment more."""
        background = [asyncio.create_task(self._work()), asyncio.create_task(self._sweep_for_ever())]
        try:
            yield
        finally:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._waiting.join(), _DRAIN_SECONDS)
            await tasks.stop(*background)

    async def _work(self) -> None:
        while True:
            documents = [await self._waiting.get()]
            while len(documents) < _TOGETHER and not self._waiting.empty():
                documents.append(self._waiting.get_nowait())
            left = True
            try:
                left = bool(await self._publish(documents))
            except _MAY_PASS as error:
                log.warning("outbox_left_to_sweep", documents=len(documents), error=str(error)[:200])
            except Exception:  # the relay outlives what nobody foresaw
                log.exception("outbox_left_to_sweep", documents=len(documents))
            finally:
                if left:
                    self._looks.soon()
                for _ in documents:
                    self._waiting.task_done()

    async def _publish(self, documents: Sequence[_Waiting]) -> list[_Waiting]:
        """Publish the documents' events and take them out; those of which the broker refused an event.

        Raises:
            PublishFailed: the broker is away; what was published before is taken out all the same.
        """
        of_kind: dict[tuple[str, ...], list[tuple[int, Document]]] = defaultdict(list)
        left: set[int] = set()
        for position, document in enumerate(documents):
            for entry in document.entries:
                try:
                    kind = (entry["event"]["type"], *self._also(entry["event"]))
                    of_kind[kind].append((position, entry))
                except (KeyError, TypeError):
                    log.error("outbox_event_malformed", collection=document.collection.name)  # noqa: TRY400
                    left.add(position)
        unpublished: set[int] = {position for found in of_kind.values() for position, _ in found}
        try:
            for (event_type, *also), found in of_kind.items():
                left |= await self._publish_type(event_type, also, found)
            unpublished.clear()
        finally:
            taken_out = [d for position, d in enumerate(documents) if position not in left | unpublished]
            await _take_out(taken_out)
        return [document for position, document in enumerate(documents) if position in left]

    async def _publish_type(
        self, event_type: str, also: Sequence[str], found: Sequence[tuple[int, Document]]
    ) -> set[int]:  # fmt: skip
        """Publish events of one type; the positions of documents whose event is refused."""
        try:
            await self._publisher.publish_batch([_traced(entry) for _, entry in found], also=also)
        except Refused:
            if len(found) == 1:
                refused.labels(event_type).inc()
                return {found[0][0]}
            # One of them, or the type: each by itself shows which, and the others go on.
            return set[int]().union(*[await self._publish_type(event_type, also, [one]) for one in found])
        except PublishFailed:
            failed.labels(event_type).inc(len(found))
            raise
        published.labels(event_type).inc(len(found))
        return set()

    async def _sweep_for_ever(self) -> None:
        while True:
            await self._looks.due(SWEEP_SECONDS, CALM_SECONDS)
            for collection in self._collections:
                waits = True
                try:
                    age = await self._look_for_oldest(collection)
                    waits = age > timedelta()
                    if age >= MIN_AGE:
                        await self.sweep(collection)
                except _MAY_PASS as error:
                    log.warning("outbox_sweep_stopped", collection=collection.name, error=str(error)[:200])
                except Exception:  # as above
                    log.exception("outbox_sweep_stopped", collection=collection.name)
                if waits:
                    self._looks.soon()

    async def _look_for_oldest(self, collection: Collection) -> timedelta:
        """The age of the oldest event that waits, nought where none does: one command."""
        first = await collection.find_one(
            {"outbox.at": {"$exists": True}}, {"outbox.at": True}, sort=[("outbox.at", ASCENDING)]
        )
        waits = [now() - entry["at"] for entry in first["outbox"]] if first else []
        age = max(waits, default=timedelta())
        oldest.labels(collection.name).set(age.total_seconds())
        return age

    async def sweep(self, collection: Collection) -> int:
        """Publish what is older than ``MIN_AGE`` and under nobody's lease; returns how many documents had some.

        A document whose event the broker refuses keeps nobody waiting; it is tried again later, and later each time.

        Raises:
            PublishFailed: the broker is away.
        """
        count = 0
        while True:
            documents, tries = await self._lease(collection)
            swept.labels(collection.name).inc(len(documents))
            try:
                stuck = await self._publish(documents)
            except PublishFailed:
                for document in documents:
                    await _try_again(document, RETRY_AFTER)
                raise
            count += len(documents) - len(stuck)
            for document in stuck:
                waited = tries[document.document_id]
                log.error(
                    "outbox_event_refused",
                    collection=collection.name,
                    document=str(document.document_id),
                    tries=waited + 1,
                )
                await _try_again(document, min(RETRY_AFTER * 2**waited, RETRY_MOST))
            if len(documents) < _TOGETHER:
                return count

    async def _lease(self, collection: Collection) -> tuple[list[_Waiting], dict[Any, int]]:
        """Up to `_TOGETHER` documents whose events this sweep may publish, and how often each was refused before."""
        documents, tries = list[_Waiting](), dict[Any, int]()
        while len(documents) < _TOGETHER:
            moment = now()
            found = await collection.find_one_and_update(
                {
                    "outbox.at": {"$lt": moment - MIN_AGE},
                    "$or": [{"outbox_lease": {"$exists": False}}, {"outbox_lease": {"$lt": moment}}],
                },
                {"$set": {"outbox_lease": moment + LEASE}},
                projection={"outbox": True, "outbox_tries": True},
                return_document=ReturnDocument.AFTER,
            )
            if found is None or found["_id"] in tries:
                break
            documents.append(_Waiting(collection, found["_id"], found["outbox"]))
            tries[found["_id"]] = min(found.get("outbox_tries", 0), 10)
        return documents, tries


def _traced(entry: Document) -> Document:
    traceparent = entry.get("traceparent")
    return {**entry["event"], "traceparent": traceparent} if traceparent else entry["event"]


async def _take_out(documents: Sequence[_Waiting]) -> None:
    """Take the events out of their documents. When that is lost, they are published again, which consumers bear."""
    by_collection: dict[int, list[_Waiting]] = defaultdict(list)
    for document in documents:
        by_collection[id(document.collection)].append(document)
    for several in by_collection.values():
        marks = several[0].collection.with_options(write_concern=WRITTEN)
        await marks.bulk_write(
            [
                UpdateOne(
                    {"_id": document.document_id},
                    {
                        "$pull": {"outbox": {"id": {"$in": [entry["id"] for entry in document.entries]}}},
                        "$unset": {"outbox_lease": "", "outbox_tries": ""},
                    },
                )
                for document in several
            ],
            ordered=False,
        )


async def _try_again(document: _Waiting, after: timedelta) -> None:
    there = {"_id": document.document_id, "outbox.0": {"$exists": True}}
    again = {"$set": {"outbox_lease": now() + after}, "$inc": {"outbox_tries": 1}}
    await document.collection.update_one(there, again)
