"""Who is examined when: no one person, address or kind of file holds up the others.

There are four lanes, each with places of its own: pictures, which may take seconds, and all other files; of visitors,
and of agents and mails. In a lane, one file of each person and of each client address is examined at a time, and
whoever was served longest ago is next. A lane is full when more wait in it than are worth waiting for.
"""

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from prometheus_client import Gauge

MOST_WAITING = 200
"""Files that may wait in one lane."""

MOST_WAITING_OF_ONE = 40
"""Files of one person or address that may wait."""

_REMEMBERED = 10_000
_FIRST_GUESS_SECONDS = 1.0

waiting = Gauge("guichet_attachments_waiting", "Files that wait to be examined", ["lane"])


class LaneFull(Exception):
    """Too many wait already; ``retry_after`` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"try again in {retry_after} s")
        self.retry_after = retry_after


class ClientGone(Exception):
    """Whoever sent the file hung up while it waited: nobody will hear of it."""


async def _never() -> None:
    await asyncio.Event().wait()


@dataclass(frozen=True)
class Claim:
    """On whose behalf a file is examined: ``keys`` name the person, then the address; one file of each at a time.

    ``gone`` returns when the client has hung up.
    """

    of_staff: bool = False
    keys: tuple[str, ...] = ()
    gone: Callable[[], Awaitable[None]] = field(default=_never, compare=False)


@dataclass(eq=False)
class _Waiter:
    claim: Claim
    number: int
    turn: asyncio.Future[None]


class _Lane:
    """One queue with its places."""

    def __init__(self, name: str, places: int) -> None:
        self.name, self._places = name, places
        self._free = places
        self._numbers = itertools.count(1)
        self._waiting: list[_Waiter] = []
        self._busy: set[str] = set()
        self._served: dict[str, int] = {}
        self._seconds = _FIRST_GUESS_SECONDS

    def require_room(self, claim: Claim) -> None:
        """`LaneFull` where too many wait, in all or on behalf of one of the claim's keys."""
        if len(self._waiting) >= MOST_WAITING:
            raise LaneFull(self._estimate(len(self._waiting) / self._places))
        for key in claim.keys:
            ahead = sum(key in waiter.claim.keys for waiter in self._waiting)
            if ahead >= MOST_WAITING_OF_ONE:
                raise LaneFull(self._estimate(ahead))

    @asynccontextmanager
    async def turn(self, claim: Claim) -> AsyncIterator[None]:
        """Wait for a place, and have it until the context ends."""
        await self._wait(claim)
        begun = time.monotonic()
        try:
            yield
        finally:
            self._seconds += 0.1 * (time.monotonic() - begun - self._seconds)
            self._free += 1
            self._busy.difference_update(claim.keys)
            self._call_next()

    async def _wait(self, claim: Claim) -> None:
        self.require_room(claim)
        waiter = _Waiter(claim, next(self._numbers), asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        waiting.labels(self.name).set(len(self._waiting))
        self._call_next()
        try:
            called = waiter.turn.done() or await _first_of(waiter.turn, claim.gone)
        except BaseException:
            self._withdraw(waiter)
            raise
        if not called:
            self._withdraw(waiter)
            raise ClientGone

    def _withdraw(self, waiter: _Waiter) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            waiting.labels(self.name).set(len(self._waiting))
        else:  # it was called in the very moment in which it went
            self._free += 1
            self._busy.difference_update(waiter.claim.keys)
            self._call_next()

    def _call_next(self) -> None:
        while self._free:
            able = [waiter for waiter in self._waiting if self._busy.isdisjoint(waiter.claim.keys)]
            if not able:
                return
            chosen = min(able, key=lambda waiter: (self._last_served(waiter.claim), waiter.number))
            self._waiting.remove(chosen)
            waiting.labels(self.name).set(len(self._waiting))
            self._free -= 1
            self._busy.update(chosen.claim.keys)
            self._note_served(chosen.claim)
            chosen.turn.set_result(None)

    def _last_served(self, claim: Claim) -> tuple[int, ...]:
        """Address before person: many visitors from one address are no more than one, and fair among themselves."""
        return tuple(self._served.get(key, 0) for key in reversed(claim.keys))

    def _note_served(self, claim: Claim) -> None:
        if len(self._served) > _REMEMBERED:
            self._served.clear()
        number = next(self._numbers)
        self._served.update(dict.fromkeys(claim.keys, number))

    def _estimate(self, ahead: float) -> int:
        return max(1, math.ceil(ahead * self._seconds))


class Lanes:
    """The four lanes, each with ``places`` at a time."""

    def __init__(self, places: int = 1) -> None:
        self._lanes = {
            (False, False): _Lane("visitors_others", places),
            (False, True): _Lane("visitors_pictures", places),
            (True, False): _Lane("staff_others", places),
            (True, True): _Lane("staff_pictures", places),
        }

    def require_room(self, claim: Claim) -> None:
        """Before a file is received, and its kind is known: `LaneFull` where it would not be examined in any lane."""
        try:
            self._lanes[claim.of_staff, False].require_room(claim)
        except LaneFull:
            self._lanes[claim.of_staff, True].require_room(claim)

    @asynccontextmanager
    async def turn(self, claim: Claim, *, picture: bool) -> AsyncIterator[None]:
        """Wait for a place in the right lane, and have it until the context ends.

        Raises:
            LaneFull: too many wait.
            ClientGone: the client hung up before it was its turn.
        """
        async with self._lanes[claim.of_staff, picture].turn(claim):
            yield


async def _first_of(turn: asyncio.Future[None], gone: Callable[[], Awaitable[None]]) -> bool:
    """Whether it is somebody's turn before they have gone."""

    async def leave() -> None:
        await gone()

    leaving = asyncio.create_task(leave())
    try:
        await asyncio.wait([turn, leaving], return_when=asyncio.FIRST_COMPLETED)
        return turn.done()
    finally:
        leaving.cancel()
