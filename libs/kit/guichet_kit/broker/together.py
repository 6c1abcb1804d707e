"""Handling many events as one piece of work.

What arrives while a batch is at work makes up the next one, which begins a set time after the one before at the
earliest: what comes alone waits for nothing, and the batches grow with the load by themselves.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from prometheus_client import Counter, Histogram

from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES
from guichet_kit.outages import Away

BatchHandler = Callable[[Sequence[Any]], Awaitable[Collection[int]]]
"""Takes events in the order of their arrival; returns the positions of those that it leaves to be handled alone."""

_PASSING: tuple[type[Exception], ...] = (*OUTAGES, Away)
_PAUSES = (0.25, 0.5, 1.0, 2.0, 5.0)

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)

sizes = Histogram("guichet_consumer_batch_events", "Events that were handled together", ["queue"], buckets=_SIZES)
left_alone = Counter("guichet_consumer_left_alone_total", "Events that left their batch to be handled alone", ["queue"])

log = get_logger(__name__)


class Together:
    """Collects the events of one queue in this process; one batch is at work at a time."""

    def __init__(self, queue: str, handler: BatchHandler, most: int, pace: float = 0.0) -> None:
        """``pace``: seconds between the beginnings of two batches, unless as many wait as one may have."""
        self._queue, self._handler, self._most, self._pace = queue, handler, most, pace
        self._begun = -pace
        self._waiting: deque[tuple[Sequence[Any], asyncio.Future[list[int]]]] = deque()
        self._work: asyncio.Task[None] | None = None
        self._count, self._full = 0, asyncio.Event()

    async def handle(self, events: Sequence[Any]) -> list[int]:
        """Have the events handled in the next batch; the positions of those that are to be handled alone."""
        done: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, done))
        self._count += len(events)
        if self._count >= self._most:
            self._full.set()
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._until_none_waits())
        return await done

    async def _until_none_waits(self) -> None:
        while self._waiting:
            await self._company()
            parts = [self._waiting.popleft()]
            count = len(parts[0][0])
            while self._waiting and count + len(self._waiting[0][0]) <= self._most:
                parts.append(self._waiting.popleft())
                count += len(parts[-1][0])
            self._count -= count
            left = set(await self._handled([event for events, _ in parts for event in events]))
            begin = 0
            for events, done in parts:
                if not done.done():  # its message may have been given up meanwhile
                    done.set_result([n for n in range(len(events)) if begin + n in left])
                begin += len(events)

    async def _company(self) -> None:
        """Return when the next batch may begin."""
        pause = self._begun + self._pace - time.monotonic()
        self._full.clear()
        if pause > 0 and self._count < self._most:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._full.wait()
        self._begun = time.monotonic()

    async def _handled(self, events: Sequence[Any]) -> Collection[int]:
        sizes.labels(self._queue).observe(len(events))
        attempt = 0
        while True:
            try:
                left = await self._handler(events)
            except _PASSING as error:
                # The same batch again: what is away takes nothing else either, and nothing is counted as a failure.
                log.warning("batch_waits", queue=self._queue, events=len(events), error=str(error)[:200])
                await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1
            except Exception:  # whichever event it was, it shows when each is handled alone
                log.exception("batch_taken_apart", queue=self._queue, events=len(events))
                left_alone.labels(self._queue).inc(len(events))
                return range(len(events))
            else:
                left_alone.labels(self._queue).inc(len(left))
                return left
