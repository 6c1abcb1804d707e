"""What happens at the worst moment: whole, between two steps of something else."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any


class Moment:
    """Lets something happen before the Nth awaited call, from 0, of all the objects that it watches."""

    def __init__(self, nth: int, happens: Callable[[], Awaitable[object]]) -> None:
        self._left, self._happens = nth, happens

    @property
    def passed(self) -> bool:
        """Whether it happened: there were as many calls."""
        return self._left < 0

    def watch(self, watched: Any) -> Any:
        """``watched``, with the calls of its asynchronous methods counted."""
        return _Watched(watched, self._step)

    async def _step(self) -> None:
        self._left -= 1
        if self._left == -1:
            await self._happens()


class _Watched:
    def __init__(self, watched: Any, step: Callable[[], Awaitable[None]]) -> None:
        self._watched, self._step = watched, step

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._watched, name)
        if not inspect.iscoroutinefunction(member):
            return member

        async def counted(*arguments: Any, **options: Any) -> Any:
            await self._step()
            return await member(*arguments, **options)

        return counted
