"""The log is its own outbox: events are made from entries when they are told, many in one message.

An entry carries who wrote it (this process) and its number among the entries of that writer. All up to a mark was told;
the mark moves some times a second. A number whose outcome is not known holds it back. When a process is dead, any other
tells what it left behind its mark. So an event is told at least once, or its entry never was; and what is told late is
read from the log again, with whatever an erasure has rewritten there.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from guichet_kit import tasks
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES
from guichet_kit.outages import Away
from prometheus_client import Gauge

from guichet_chat.conversation import Conversation, Entry
from guichet_chat.documents import Place
from guichet_chat.events import Trace, entry_event
from guichet_chat.log.dead import DeadWriters
from guichet_chat.log.store import WriterStore
from guichet_chat.log.telling import Publisher, Teller, told
from guichet_chat.store import Store

GATHER_SECONDS = 0.05
MOST = 100
"""So many events, or what comes in that time, are one message."""

MARK_SECONDS = 0.25
LEASE = timedelta(seconds=20)
_RENEW_SECONDS = 5.0
_MARGIN_SECONDS = 5.0
UNKNOWN_SECONDS = 60.0
"""An entry whose outcome is not known can arrive for so long after the database answers; then all have given up."""

_LOOK_SECONDS = 2.0
_PAUSE_SECONDS = 1.0
_REFUSED_SECONDS = (5.0, 300.0)
_AT_ONCE = 4
_HELD_MAX = 20_000
_DRAIN_SECONDS = 5.0
_MAY_PASS: tuple[type[Exception], ...] = (*OUTAGES, Away)

untold = Gauge("guichet_chat_entries_untold", "Entries of this process whose events are not published yet")
oldest = Gauge("guichet_chat_entries_untold_seconds", "How long the oldest of them has waited")

log = get_logger(__name__)


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
        self._writers, self._lease = writers, lease
        self._teller = Teller(store, publisher)
        self._dead = DeadWriters(writers, self._teller, lease)
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
            for work in (self._tell_for_ever, self._mark_for_ever, self._look_for_ever, self._dead.tell_for_ever)
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
            known = {number: entry_event(*waiting.known) for number, waiting in batch.items() if waiting.known}
            if lost:
                found = await self._teller.checked(await self._writers.written_at(self.writer, lost))
                known |= {one.number: entry_event(one.conversation, one.entry) for one in found}
            left = await self._teller.tell(known)
        except Exception as error:  # the outbox outlives what nobody foresaw
            if isinstance(error, _MAY_PASS):
                log.warning("entries_wait_to_be_told", count=len(batch), error=str(error)[:200])
            else:
                log.exception("entries_wait_to_be_told", count=len(batch))
            await asyncio.sleep(_PAUSE_SECONDS)
            self._put_back(batch)
            # Those behind them in memory are let go too: an outage may last, and an erasure may come.
            for waiting in self._waiting.values():
                waiting.known = None
        else:
            told.labels("once").inc(len(known) - len(left))
            for number in batch:
                if number not in left:
                    self._settle(number)
            least, most = _REFUSED_SECONDS
            for number in left:
                again = batch[number]
                again.not_before = time.monotonic() + min(most, least * 2**again.refusals)
                again.refusals += 1
            self._put_back({number: batch[number] for number in left})

    def _put_back(self, batch: dict[int, _Waiting]) -> None:
        for number in reversed(batch):
            batch[number].known = None
            self._waiting[number] = batch[number]
            self._waiting.move_to_end(number, last=False)
        if batch:
            self._news.set()

    # The mark, and what is unknown

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
            except Exception:  # it goes on whatever happens
                log.exception("mark_not_moved")
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
                found = await self._teller.checked(await self._writers.written_at(self.writer, looked_for))
            except Exception as error:  # it goes on whatever happens
                if not isinstance(error, _MAY_PASS):
                    log.exception("unknown_entries_not_looked_for")
                # A server that was frozen takes up what it was sent before: the time begins when it answers again.
                self._unknown.update(dict.fromkeys(looked_for, time.monotonic()))
                continue
            for one in found:
                if self._unknown.pop(one.number, None) is not None:
                    self._waiting[one.number] = _Waiting(time.monotonic(), None)
                    self._news.set()
                    self.late(one.conversation, one.entry)
            for number, since in looked_for.items():
                if time.monotonic() - since > UNKNOWN_SECONDS and self._unknown.pop(number, None) is not None:
                    self._settle(number)
