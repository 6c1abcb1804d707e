"""What runs in the background ends when it is told to."""

import asyncio

from guichet_kit import tasks


async def deaf_once() -> None:
    """A loop in which the first cancellation gets lost."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def broken() -> None:
    """Fails on its way out."""
    try:
        await asyncio.Event().wait()
    finally:
        raise RuntimeError("on the way out")


class TestStop:
    async def test_ends_all_also_one_that_lost_its_cancellation(self) -> None:
        running = [asyncio.create_task(deaf_once()), asyncio.create_task(asyncio.Event().wait())]
        await asyncio.sleep(0)
        await tasks.stop(*running)  # type: ignore[arg-type]
        assert all(task.cancelled() for task in running)

    async def test_does_not_mind_what_a_task_raises(self) -> None:
        running = asyncio.create_task(broken())
        await asyncio.sleep(0)
        await tasks.stop(running)
        assert isinstance(running.exception(), RuntimeError)

    async def test_of_nothing_is_nothing(self) -> None:
        await tasks.stop()
