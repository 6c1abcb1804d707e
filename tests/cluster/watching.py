"""What is looked at while a cluster loses its parts: whether writing goes on, and what the gateway answers."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

LOOK_SECONDS = 0.2


class Growth:
    """When entries came to `chat`'s log, and when they came through RabbitMQ to the timelines of `requests`."""

    def __init__(self) -> None:
        self.moments: dict[str, list[float]] = {"log": [], "timelines": []}

    def since(self, moment: float) -> bool:
        """Whether both have grown since."""
        return all(moments and moments[-1] > moment for moments in self.moments.values())

    @asynccontextmanager
    async def watched(self, url: str) -> AsyncIterator[None]:
        """Look, until the context ends."""
        looking = asyncio.create_task(self._look(url))
        try:
            yield
        finally:
            looking.cancel()

    async def _look(self, url: str) -> None:
        # By the newest document: a member that was killed counts its documents wrongly for a while.
        options: dict[str, Any] = {"serverSelectionTimeoutMS": 1000, "socketTimeoutMS": 1000}
        seen: dict[str, set[str]] = {"log": set(), "timelines": set()}
        with MongoClient[dict[str, Any]](url, readPreference="primaryPreferred", **options) as mongo:
            collections = {"log": mongo["guichet_chat"]["entries"], "timelines": mongo["guichet_requests"]["timeline"]}
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                for name, collection in collections.items():
                    try:
                        newest = await asyncio.to_thread(collection.find_one, {}, {"_id": 1}, sort=[("$natural", -1)])
                    except PyMongoError:
                        continue
                    if newest is not None and newest["_id"] not in seen[name]:
                        seen[name].add(newest["_id"])
                        self.moments[name].append(time.time())


def longest_pause(moments: Iterable[float], begin: float, end: float) -> float:
    """The longest time without one, between the two."""
    within = [begin, *sorted(moment for moment in moments if begin < moment < end), end]
    return max(later - earlier for earlier, later in pairwise(within))


class GatewayLog:
    """What the gateway has answered since this was made: every request of everybody."""

    def __init__(self, file: Path) -> None:
        self._file, self._from = file, file.stat().st_size

    def answers(self) -> list[dict[str, Any]]:
        """Each request, once it has been answered."""
        with self._file.open("rb") as file:
            file.seek(self._from)
            lines = file.read().decode().rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def statuses(answers: Iterable[dict[str, Any]]) -> Counter[int]:
    """How often each status was answered."""
    return Counter(int(answer["status"]) for answer in answers)
