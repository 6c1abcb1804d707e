"""When to look for what a crash, or a server that was away, may have left: often while there is something, else seldom.

A look that finds nothing costs the database as much as one that finds something, every process makes it, and nearly
always nothing is there.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress


class Looks:
    """The times of one loop's looks.

    It looks often from the start on, for what the process before it left; seldom once it has found nothing for a while.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._something = asyncio.Event()
        self._often_until: float | None = None

    def soon(self) -> None:
        """Something is left, or it could not be told: look often, until nothing has been there for a while."""
        self._something.set()

    async def due(self, often: float, seldom: float) -> None:
        """Return when it is time for the next look: after ``often`` seconds, or after ``seldom`` at the latest."""
        if self._often_until is None:
            self._often_until = self._clock() + seldom
        await asyncio.sleep(often)
        if self._clock() >= self._often_until:
            with suppress(TimeoutError):
                async with asyncio.timeout(seldom - often):
                    await self._something.wait()
        if self._something.is_set():
            self._something.clear()
            self._often_until = self._clock() + seldom
