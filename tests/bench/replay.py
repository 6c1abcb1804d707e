"""The bare query beside an HTTP answer: exactly the commands that the services sent for it, sent again without them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import AsyncMongoClient, MongoClient

READS = ("find", "aggregate", "count", "distinct")
_OF_THE_DRIVER = frozenset({"lsid", "$clusterTime", "$db", "$readPreference", "txnNumber"})

Command = dict[str, Any]


class Profile:
    """What the databases were asked while it was written down, from the profiler of MongoDB."""

    def __init__(self, mongodb_url: str, databases: tuple[str, ...]) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(mongodb_url)
        self._databases = databases
        self.commands: list[tuple[str, Command]] = []

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Write down the reads that are made meanwhile."""
        for name in self._databases:
            self._client[name].command("profile", 0)
            self._client[name].drop_collection("system.profile")
            self._client[name].command("profile", 2)
        try:
            yield
        finally:
            for name in self._databases:
                self._client[name].command("profile", 0)
        self.commands = [
            (name, {key: value for key, value in one["command"].items() if key not in _OF_THE_DRIVER})
            for name in self._databases
            for one in self._client[name]["system.profile"].find({"op": {"$in": ["query", "command"]}}).sort("ts")
            if next(iter(one["command"]), "") in READS and "system.profile" not in one["ns"]
        ]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


async def again(client: AsyncMongoClient[dict[str, Any]], commands: list[tuple[str, Command]]) -> None:
    """Send them once more, one after the other, as one caller does."""
    for name, command in commands:
        await client[name].command(command)
