"""What the whole system asks MongoDB while nobody does anything, counted: it adds up, in every installation, day and night."""

import asyncio
import time

from guichet_local.testing.stack import Stack

from tests.bench.asked import Asked

SETTLING_SECONDS = 15.0
"""After a start, and after something was left over, services look often for ten seconds."""

SECONDS = 20.0

A_SECOND = 100.0


class TestASystemThatDoesNothing:
    async def test_asks_mongodb_little(self, stack: Stack) -> None:
        begun = time.monotonic()
        await asyncio.sleep(SETTLING_SECONDS)
        asked = Asked(stack.mongodb_url)
        with asked.written_down():
            await asyncio.sleep(SECONDS)
        asked.close()
        table = asked.table(asked.seconds, "a second")
        print(table, time.monotonic() - begun)
        assert asked.counted.total() / asked.seconds <= A_SECOND, f"\n{table}"
