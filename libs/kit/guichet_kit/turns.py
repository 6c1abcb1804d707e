"""Turns: what is taken slowly, one at a time, of many who want it at once."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress


class NoTurn(Exception):
    """It was not one's turn in time, or somebody newer has the place now; another try may do better."""


class Turns:
    """One turn of each key every ``pace`` seconds, for whoever of those who wait is drawn.

    Whoever comes always gets a place: where all ``places`` are taken, that of somebody who is drawn. So nobody can fill
    them for good, and each of those who wait at the same time is as likely to be next.
    """

    def __init__(
        self, pace: float, places: int, patience: float, draw: Callable[[int], int] = random.randrange
    ) -> None:  # fmt: skip
        self._pace, self._places, self._patience, self._draw = pace, places, patience, draw
        self._waiting: dict[str, list[asyncio.Future[bool]]] = {}
        self._drawing: dict[str, asyncio.Task[None]] = {}

    async def mine(self, key: str) -> None:
        """Return when it is the caller's turn. Raises `NoTurn`, after ``patience`` seconds at the latest."""
        waiting = self._waiting.setdefault(key, [])
        if len(waiting) >= self._places:
            self._settle(waiting, given=False)
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        if key not in self._drawing:
            self._drawing[key] = asyncio.create_task(self._give(key))
        try:
            given = await asyncio.wait_for(turn, self._patience)
        except TimeoutError:
            given = False
        finally:
            with suppress(ValueError):
                waiting.remove(turn)
        if not given:
            raise NoTurn

    async def _give(self, key: str) -> None:
        waiting = self._waiting[key]
        # The first one waits as well: whoever guesses one by one is as slow as many at once.
        while True:
            await asyncio.sleep(self._pace)
            if not waiting:
                break
            self._settle(waiting, given=True)
        del self._waiting[key], self._drawing[key]

    def _settle(self, waiting: list[asyncio.Future[bool]], *, given: bool) -> None:
        turn = waiting.pop(self._draw(len(waiting)))
        if not turn.done():
            turn.set_result(given)
