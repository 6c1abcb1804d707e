"""What the whole system asks MongoDB while nobody does anything, counted: it adds up, in every installation."""

import asyncio
from collections import Counter

from guichet_local.testing.stack import Stack

from tests.bench.asked import Asked

SETTLING_SECONDS = 15.0
"""After a start, and after something was left over, services look often for ten seconds."""

SECONDS = 20.0

MOST = {"chat": 2.5, "requests": 4.0, "contacts": 2.0, "attachments": 1.5, "mailer": 10.0}
"""Commands a second, a quarter above the mean, for pauses are drawn; those of chat by two processes."""


class TestASystemThatDoesNothing:
    async def test_asks_mongodb_little(self, stack: Stack) -> None:
        await asyncio.sleep(SETTLING_SECONDS)
        asked = Asked(stack.mongodb_url)
        with asked.written_down():
            await asyncio.sleep(SECONDS)
        asked.close()
        of_service = Counter[str]()
        for question, count in asked.counted.items():
            of_service[question.asker.removeprefix("guichet-")] += count
        assert set(of_service) == set(MOST), "each looks for what a crash may have left"
        too_many = {name: count for name, count in of_service.items() if count / asked.seconds > MOST[name]}
        assert not too_many, f"\n{asked.table(asked.seconds, 'a second')}"
