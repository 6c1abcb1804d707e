"""The log is its own outbox: events are made from entries when they are told, many in one message.

An entry carries who wrote it (this process) and its number among the entries of that writer. All up to a mark was told;
the mark moves some times a second. A number whose outcome is not known holds it back. When a process is dead, any other
tells what it left behind its mark. So an event is told at least once, or its entry never was; and what is told late is
read from the log again, with whatever an erasure has rewritten there.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from guichet_contracts.subscriptions import MESSAGES_WITH_FILES
from guichet_kit import tasks
from guichet_kit.broker import PublishFailed, Refused
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES
from guichet_kit.outages import Away
from prometheus_client import Counter, Gauge

from guichet_chat.conversation import Conversation, Entry
from guichet_chat.erasure import erase_again, known_as_somebody
from guichet_chat.events import Trace, entry_event
from guichet_chat.log.store import Untold, WriterStore, Written
from guichet_chat.store import Place, Store

GATHER_SECONDS = 0.05
MOST = 100
"""So many events, or what comes in that time, are one message."""

MARK_SECONDS = 0.25
LEASE = timedelta(seconds=20)
_RENEW_SECONDS = 5.0
_MARGIN_SECONDS = 5.0
SWEEP_SECONDS = 5.0
LOOK_AGAIN = timedelta(minutes=1)
FORGET_AFTER = timedelta(hours=1)
UNKNOWN_SECONDS = 60.0
"""An entry whose outcome is not known can arrive for so long; the driver and the server have given up long before."""

_LOOK_SECONDS = 2.0
_PAUSE_SECONDS = 1.0
_REFUSED_SECONDS = (5.0, 300.0)
_AT_ONCE = 4
_HELD_MAX = 20_000
_DRAIN_SECONDS = 5.0
_MAY_PASS: tuple[type[Exception], ...] = (*OUTAGES, Away)

told = Counter("guichet_chat_entries_told_total", "Entries whose events were published", ["how"])
refused = Counter("guichet_chat_entries_refused_total", "Events that the broker did not take")
untold = Gauge("guichet_chat_entries_untold", "Entries of this process whose events are not published yet")
oldest = Gauge("guichet_chat_entries_untold_seconds", "How long the oldest of them has waited")

log = get_logger(__name__)


class Publisher(Protocol):
    """What the outbox needs of the broker."""

    async def publish_batch(self, events: Sequence[Mapping[str, Any]], *, also: Sequence[str] = ()) -> None:
        """Publish events of one type as one message."""


class Numbers(Protocol):
    """What the committer needs: a number for each entry that it tries to write, and to say what became of it."""

    async def ready(self) -> None:
        """Returns when others will look for what is written now, should this process end."""

    def take(self) -> Place:
        """The next number."""

    def void(self, place: Place) -> None:
        """Nothing was written there, and never will be."""

    def unknown(self, place: Place) -> None:
        """It is not known what became of it."""

    def written(self, place: Place, conversation: Conversation, entry: Entry, trace: Trace) -> None:
        """The entry is durable."""


@dataclass(slots=True)
class _Waiting:
    since: float
    known: tuple[Conversation, Entry, Trace] | None
    """None: to be read again."""
    not_before: float = 0.0
    refusals: int = 0


class LogOutbox:
    """Tells what this process appends, and what dead ones left."""

    def __init__(self, store: Store, writers: WriterStore, publisher: Publisher, *, lease: timedelta = LEASE) -> None:
        self.writer = new_id()
        self._store, self._writers, self._publisher, self._lease = store, writers, publisher, lease
        self.late: Callable[[Conversation, Entry], None] = lambda _conversation, _entry: None
        """Called with each entry of which it was long not known that it is there: nobody was shown it."""
        self._number = 0
        self._mark = self._marked = 0
        self._settled: set[int] = set()
        self._waiting: OrderedDict[int, _Waiting] = OrderedDict()
        self._unknown: dict[int, float] = {}
        self._flying: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._alive_until = 0.0
        self._registering = asyncio.Lock()

    # Numbers

    async def ready(self) -> None:
        """See `Numbers`. Raises one of ``OUTAGES``."""
        if time.monotonic() < self._alive_until - _MARGIN_SECONDS:
            return
        async with self._registering:
            if time.monotonic() >= self._alive_until - _MARGIN_SECONDS:
                begun = time.monotonic()
                await self._writers.register(self.writer, now() + self._lease)
                self._alive_until = begun + self._lease.total_seconds()

    def take(self) -> Place:
        """See `Numbers`."""
        self._number += 1
        return Place(self.writer, self._number)

    def void(self, place: Place) -> None:
        """See `Numbers`."""
        self._settle(place.number)

    def unknown(self, place: Place) -> None:
        """See `Numbers`."""
        self._unknown[place.number] = time.monotonic()

    def written(self, place: Place, conversation: Conversation, entry: Entry, trace: Trace) -> None:
        """See `Numbers`."""
        known = (conversation, entry, trace) if len(self._waiting) < _HELD_MAX else None
        self._waiting[place.number] = _Waiting(time.monotonic(), known)
        self._news.set()

    def _settle(self, number: int) -> None:
        self._settled.add(number)
        while self._mark + 1 in self._settled:
            self._mark += 1
            self._settled.discard(self._mark)

    # Telling

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell until the context ends; what then still waits gets a moment more, and others the rest."""
        background = [
            asyncio.create_task(work())
            for work in (self._tell_for_ever, self._mark_for_ever, self._look_for_ever, self._sweep_for_ever)
        ]
        try:
            yield
        finally:
            limit = time.monotonic() + _DRAIN_SECONDS
            while (self._waiting or self._flying) and time.monotonic() < limit:  # noqa: ASYNC110  once, at the end
                await asyncio.sleep(0.02)
            await tasks.stop(*background, *self._flying)
            if self._alive_until:
                try:
                    await self._writers.leave(self.writer, self._mark, now())
                except OUTAGES as error:
                    log.info("writer_not_closed", error=str(error)[:200])

    async def _tell_for_ever(self) -> None:
        while True:
            await self._news.wait()
            if len(self._waiting) < MOST:
                await asyncio.sleep(GATHER_SECONDS)
            self._news.clear()
            batch = self._next_batch()
            if batch:
                task = asyncio.create_task(self._tell(batch))
                self._flying.add(task)
                task.add_done_callback(self._flying.discard)
                if self._waiting:
                    self._news.set()
            elif self._waiting:
                # Only refused ones wait, each for its time.
                asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._news.set)
            while len(self._flying) >= _AT_ONCE:
                await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)

    def _next_batch(self) -> dict[int, _Waiting]:
        moment, batch = time.monotonic(), dict[int, _Waiting]()
        for number, waiting in self._waiting.items():
            if waiting.not_before <= moment:
                batch[number] = waiting
                if len(batch) == MOST:
                    break
        for number in batch:
            del self._waiting[number]
        return batch

    async def _tell(self, batch: dict[int, _Waiting]) -> None:
        """Publish the batch. What cannot be told now waits again, and is read again then."""
        try:
            lost = [number for number, waiting in batch.items() if waiting.known is None]
            known: dict[int, tuple[Mapping[str, Any], bool]] = {
                number: (entry_event(*waiting.known), bool(waiting.known[1].attachments))
                for number, waiting in batch.items()
                if waiting.known is not None
            }
            if lost:
                found = await self._checked(await self._writers.written_at(self.writer, lost))
                known |= {one.number: _event_of(one) for one in found}
            left = await self._publish(known)
        except _MAY_PASS as error:
            log.warning("entries_wait_to_be_told", count=len(batch), error=str(error)[:200])
            await asyncio.sleep(_PAUSE_SECONDS)
            self._put_back(batch)
        except Exception:  # the outbox outlives what nobody foresaw
            log.exception("entries_wait_to_be_told", count=len(batch))
            await asyncio.sleep(_PAUSE_SECONDS)
            self._put_back(batch)
        else:
            told.labels("once").inc(len(known) - len(left))
            for number in batch:
                if number not in left:
                    self._settle(number)
            for number in left:
                again = batch[number]
                least, most = _REFUSED_SECONDS
                again.not_before = time.monotonic() + min(most, least * 2**again.refusals)
                again.refusals += 1
            self._put_back({number: batch[number] for number in left})

    def _put_back(self, batch: dict[int, _Waiting]) -> None:
        for number in reversed(batch):
            batch[number].known = None
            self._waiting[number] = batch[number]
            self._waiting.move_to_end(number, last=False)
        # Those behind them in memory are let go too: an outage may last, and an erasure may come.
        for waiting in self._waiting.values():
            waiting.known = None
        if batch:
            self._news.set()

    async def _publish(self, events: Mapping[int, tuple[Mapping[str, Any], bool]]) -> list[int]:
        """Publish events, each with whether it names files, type by type; the numbers of those that are refused."""
        kinds: dict[tuple[str, bool], list[int]] = {}
        for number, (event, has_files) in events.items():
            kinds.setdefault((event["type"], has_files), []).append(number)
        left: list[int] = []
        for (_, has_files), numbers in kinds.items():
            also = (MESSAGES_WITH_FILES,) if has_files else ()
            try:
                await self._publisher.publish_batch([events[number][0] for number in numbers], also=also)
            except Refused as error:
                left += await self._one_by_one({number: events[number][0] for number in numbers}, also, error)
        return left

    async def _one_by_one(
        self, events: Mapping[int, Mapping[str, Any]], also: Sequence[str], error: Refused
    ) -> list[int]:  # fmt: skip
        left = []
        for number, event in events.items():
            try:
                if len(events) == 1:
                    raise error
                await self._publisher.publish_batch([event], also=also)
            except Refused as refusal:
                refused.inc()
                log.warning("entry_refused", subject=event["subject"], event_id=event["id"], error=str(refusal)[:200])
                left.append(number)
        return left

    async def tell_again(self, conversation: Conversation, entries: Sequence[Entry]) -> None:
        """Publish the events of these entries once more: somebody has not heard them. Raises `PublishFailed`."""
        events = {n: (entry_event(conversation, entry), bool(entry.attachments)) for n, entry in enumerate(entries)}
        if await self._publish(events):
            raise PublishFailed("the broker refused some of the events")
        told.labels("again").inc(len(events))

    async def _checked(self, written: list[Written]) -> list[Written]:
        """What is read again may be of somebody who was to be forgotten when the process that wrote it ended."""
        again = await erase_again(self._store, known_as_somebody(one.conversation.visitor for one in written))
        if not again:
            return written
        rewritten = [one for one in written if one.conversation.visitor.id not in again]
        for one in written:
            if one.conversation.visitor.id in again:
                conversation = await self._store.conversation(one.conversation.id)
                (entry,) = await self._store.entries_after(one.conversation.id, one.entry.seq - 1, 1)
                rewritten.append(Written(one.number, conversation or one.conversation, entry))
        return rewritten

    # The mark, what is unknown, and the dead

    async def _mark_for_ever(self) -> None:
        while True:
            await asyncio.sleep(MARK_SECONDS)
            moment = time.monotonic()
            untold.set(len(self._waiting))
            oldest.set(moment - min((one.since for one in self._waiting.values()), default=moment))
            due = self._alive_until and moment > self._alive_until - self._lease.total_seconds() + _RENEW_SECONDS
            if self._mark == self._marked and not due:
                continue
            mark = self._mark
            try:
                await self._writers.advance(self.writer, mark, now() + self._lease)
            except OUTAGES as error:
                log.info("mark_not_moved", error=str(error)[:200])
            else:
                self._marked = mark
                self._alive_until = moment + self._lease.total_seconds()

    async def _look_for_ever(self) -> None:
        """Look for entries that were neither confirmed nor refused."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._unknown:
                continue
            looked_for = dict(self._unknown)
            try:
                found = await self._checked(await self._writers.written_at(self.writer, looked_for))
            except _MAY_PASS as error:
                log.info("unknown_entries_not_looked_for", error=str(error)[:200])
                continue
            for one in found:
                if self._unknown.pop(one.number, None) is not None:
                    self._waiting[one.number] = _Waiting(time.monotonic(), None)
                    self._news.set()
                    self.late(one.conversation, one.entry)
            for number, since in looked_for.items():
                if time.monotonic() - since > UNKNOWN_SECONDS and self._unknown.pop(number, None) is not None:
                    self._settle(number)

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                while (dead := await self._writers.claim_dead(now(), self._lease)) is not None:
                    await self.tell_for(dead)
            except _MAY_PASS as error:
                log.warning("dead_writers_not_told_for", error=str(error)[:200])
            except Exception:
                log.exception("dead_writers_not_told_for")

    async def tell_for(self, dead: Untold) -> int:
        """Tell what a dead process left; how much it was. Raises one of ``OUTAGES``, or `PublishFailed`."""
        count, mark, kept = 0, dead.told, False
        found = await self._writers.written_at(dead.writer, dead.gaps) if dead.gaps else []
        gaps = set(dead.gaps)
        while True:
            if found:
                found = await self._checked(found)
                left = await self._publish({one.number: _event_of(one) for one in found})
                gaps.difference_update(one.number for one in found if one.number not in left)
                count += len(found) - len(left)
                kept = kept or bool(left)
            found = await self._writers.written_after(dead.writer, mark, MOST)
            if not found:
                break
            last = found[-1].number
            gaps.update(range(mark + 1, last + 1))
            mark = last
        told.labels("for_a_dead_process").inc(count)
        if count:
            log.info("told_for_a_dead_process", writer=dead.writer, count=count)
        if now() - dead.until > FORGET_AFTER and not kept:
            await self._writers.forget(dead)
        else:
            await self._writers.looked_at(dead.writer, mark, sorted(gaps), now() + LOOK_AGAIN)
        return count


def _event_of(written: Written) -> tuple[Mapping[str, Any], bool]:
    return entry_event(written.conversation, written.entry), bool(written.entry.attachments)
