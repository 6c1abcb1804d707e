"""What MongoDB is asked: how often, by which service, for which collection. From the profiler of MongoDB."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from pymongo import MongoClient

DATABASES = ("chat", "requests", "contacts", "mailer", "attachments")
PROFILE_BYTES = 64 << 20
"""Room for what is written down; it is a ring, and the first of it would be lost."""

_OURS = "guichet-"
_DRIVERS_OWN = frozenset({"hello", "ping", "endSessions", "isMaster", "buildInfo"})


class Question(NamedTuple):
    """One kind of command."""

    asker: str
    """The service, as it names itself to MongoDB."""
    collection: str
    command: str


class Asked:
    """Writes down what the services ask; what others ask, the bench say, is left out."""

    def __init__(self, mongodb_url: str, databases: Sequence[str] = DATABASES) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(mongodb_url)
        self._databases = tuple(f"guichet_{name}" for name in databases)
        self.counted: Counter[Question] = Counter()
        self.seconds = 0.0

    @contextmanager
    def written_down(self) -> Iterator[None]:
        """Count what is asked until the context ends."""
        for name in self._databases:
            self._client[name].command("profile", 0)
            self._client[name].drop_collection("system.profile")
            self._client[name].create_collection("system.profile", capped=True, size=PROFILE_BYTES)
        begun = time.monotonic()
        for name in self._databases:
            self._client[name].command("profile", 2)
        try:
            yield
        finally:
            for name in self._databases:
                self._client[name].command("profile", 0)
            self.seconds = time.monotonic() - begun
            self.counted = Counter(question for name in self._databases for question in self._questions(name))

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def table(self, per: float, what: str) -> str:
        """The commands by asker and collection, the most frequent first, each divided by ``per``."""
        rows = [
            f"| {asker.removeprefix(_OURS)} | {collection} | {command} | {count / per:.3f} |"
            for (asker, collection, command), count in self.counted.most_common()
        ]
        total = f"| all | | | {self.counted.total() / per:.3f} |"
        return "\n".join([f"| service | collection | command | {what} |", "| --- | --- | --- | ---: |", *rows, total])

    def _questions(self, database: str) -> Iterator[Question]:
        asked = {"appName": {"$regex": f"^{_OURS}"}, "ns": {"$not": {"$regex": r"system\.profile$"}}}
        for one in self._client[database]["system.profile"].find(asked):
            command = next(iter(one.get("command", {})), one["op"])
            if one["op"] in ("update", "remove") and "command" in one:
                # Each write of a bulk is written down for itself, and then the command that they came in.
                command = one["op"]
            if command not in _DRIVERS_OWN:
                yield Question(one["appName"], one["ns"], command)
