"""A loop that looks for what may be left over looks seldom while nothing is."""

import asyncio

import pytest
from guichet_kit.looks import Looks

OFTEN, SELDOM = 0.0, 1000.0


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def looks(clock: Clock) -> Looks:
    return Looks(clock)


async def is_due(looks: Looks) -> bool:
    """Whether the next look comes soon; if not, it is not waited for."""
    waiting = asyncio.create_task(looks.due(OFTEN, SELDOM))
    for _ in range(10):
        await asyncio.sleep(0)
    if waiting.done():
        return True
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return False


class TestLooks:
    async def test_they_are_frequent_at_first_for_what_the_process_before_left(
        self, looks: Looks, clock: Clock
    ) -> None:
        assert await is_due(looks)
        clock.now += SELDOM - 1
        assert await is_due(looks)
        clock.now += 1
        assert not await is_due(looks)

    async def test_something_left_makes_them_frequent_for_a_while(self, looks: Looks, clock: Clock) -> None:
        assert await is_due(looks)
        clock.now += 10 * SELDOM
        looks.soon()
        assert await is_due(looks)
        assert await is_due(looks)
        clock.now += SELDOM
        assert not await is_due(looks)

    async def test_something_left_ends_a_long_wait(self, looks: Looks, clock: Clock) -> None:
        assert await is_due(looks)
        clock.now += SELDOM
        waiting = asyncio.create_task(looks.due(OFTEN, SELDOM))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()
        looks.soon()
        async with asyncio.timeout(30):
            await waiting

    async def test_what_is_left_is_not_looked_for_all_the_time(self, looks: Looks) -> None:
        looks.soon()
        waiting = asyncio.create_task(looks.due(SELDOM, 2 * SELDOM))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
