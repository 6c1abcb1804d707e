"""MongoDB through either driver. The only module that imports one; the rest uses calls that both offer.

``motor`` is the driver asked for and past its end of life; PyMongo's own ``AsyncMongoClient`` is its successor.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import pymongo
from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, IndexModel, ReturnDocument, UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.collation import Collation
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)
from pymongo.monitoring import ConnectionPoolListener, PoolClearedEvent
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from guichet_kit.logs import get_logger

__all__ = [
    "ASCENDING",
    "DESCENDING",
    "LINEARIZABLE",
    "MAJORITY",
    "OUTAGES",
    "WRITTEN",
    "BulkWriteError",
    "Collation",
    "Collection",
    "Database",
    "Document",
    "DuplicateKeyError",
    "IndexModel",
    "MongoClient",
    "OperationFailure",
    "PyMongoError",
    "ReturnDocument",
    "UpdateOne",
    "WTimeoutError",
    "aggregate",
    "create_indexes",
    "explain",
    "in_transaction",
    "insert_absent",
    "open_client",
    "quickly",
    "update_each",
]

T = TypeVar("T")
Document = dict[str, Any]
Database = AsyncDatabase[Document]
Collection = AsyncCollection[Document]

MAJORITY = ReadConcern("majority")
"""Reads only what no failover can take back."""

LINEARIZABLE = ReadConcern("linearizable")
"""Reads one document by a unique key, and waits until what it read is durable."""

WRITTEN = WriteConcern(1)
"""A write that the primary has, but a failover may take back: for marks whose loss means doing something again."""

OUTAGES: tuple[type[PyMongoError], ...] = (ConnectionFailure, ExecutionTimeout, NetworkTimeout, WTimeoutError)
"""MongoDB is away or too slow: the same call may succeed later."""

_POOL = {"maxPoolSize": 100, "minPoolSize": 4}
_TIMEOUTS = {"serverSelectionTimeoutMS": 5_000, "connectTimeoutMS": 5_000, "socketTimeoutMS": 20_000}
# An index over ten million documents takes minutes to make.
_INDEXES_TIMEOUT = 3600
_DUPLICATE = 11000
# Acknowledged means on the disk of a majority; it is waited for 10 s, then told as an outage.
_DURABLE = WriteConcern("majority", j=True, wtimeout=10_000)

log = get_logger(__name__)


class _Losses(ConnectionPoolListener):
    """Notices that a server was lost: then the drivers drop all connections to it, from a task or a thread of theirs.

    The listeners of the topology would say it more directly; PyMongo's start a task when the client is made, which is
    before there is an event loop.
    """

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.loop: asyncio.AbstractEventLoop | None = None

    def pool_cleared(self, event: PoolClearedEvent) -> None:
        """The driver drops its connections."""
        if self.loop is not None and not self.loop.is_closed():
            for call in self.calls:
                self.loop.call_soon_threadsafe(call)

    def _ignored(self, event: object) -> None:
        return

    pool_created = pool_ready = pool_closed = _ignored
    connection_created = connection_ready = connection_closed = _ignored
    connection_check_out_started = connection_check_out_failed = _ignored
    connection_checked_out = connection_checked_in = _ignored


class MongoClient:
    """One connected client of either driver."""

    def __init__(self, url: str, driver: str, app_name: str) -> None:
        self._losses = _Losses()
        options: Mapping[str, Any] = {
            **_POOL, **_TIMEOUTS, "appname": app_name, "tz_aware": True, "event_listeners": [self._losses]
        }  # fmt: skip
        self._client: Any
        if driver == "motor":
            from motor.motor_asyncio import AsyncIOMotorClient  # only where it was asked for

            self._client = AsyncIOMotorClient(url, **options)
        else:
            self._client = AsyncMongoClient(url, **options)

    def database(self, name: str) -> Database:
        """The database, whose writes are acknowledged when they are on the disk of a majority."""
        return cast("Database", self._client.get_database(name, write_concern=_DURABLE))

    def when_lost(self, call: Callable[[], None]) -> None:
        """Call ``call`` when a server was lost: what is there when it comes back may be another state.

        Called in the event loop that `wait_until_ready` ran in.
        """
        self._losses.calls.append(call)

    async def ping(self) -> None:
        """Ask the primary for a sign of life; raises one of ``OUTAGES`` when there is none."""
        await self._client.admin.command("ping")

    async def wait_until_ready(self, timeout: float) -> None:
        """Wait for a primary, ``timeout`` seconds at most; `TimeoutError` when there is none."""
        self._losses.loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            waited = False
            while True:
                try:
                    await self.ping()
                except OUTAGES as error:
                    if not waited:
                        log.info("waiting_for_mongodb", error=str(error)[:200])
                    waited = True
                    await asyncio.sleep(0.25)
                else:
                    return

    async def close(self) -> None:
        """Close all connections."""
        closing = self._client.close()
        if closing is not None:  # awaited in PyMongo, not in motor
            await closing


def open_client(url: str, driver: str, app_name: str) -> MongoClient:
    """A client that connects when first used. ``driver`` is ``pymongo`` or ``motor``."""
    return MongoClient(url, driver, app_name)


async def create_indexes(collection: Collection, indexes: Sequence[IndexModel]) -> None:
    """Make the indexes that are missing, however long that takes where the collection is large.

    The ordinary time-outs would end the connection after 20 s, and a service would never start again after an upgrade
    that adds an index to a large collection.
    """
    with pymongo.timeout(_INDEXES_TIMEOUT):
        await collection.create_indexes(list(indexes))


async def aggregate(collection: Collection, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
    """All documents that the pipeline yields (awaited once in PyMongo, not in motor)."""
    cursor: Any = collection.aggregate(list(pipeline))
    if asyncio.iscoroutine(cursor):
        cursor = await cursor
    return cast("list[Document]", await cursor.to_list(None))


async def insert_absent(collection: Collection, documents: Sequence[Document]) -> None:
    """Insert, in one command, those whose unique keys are not there yet. What is there already stays as it is."""
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        _duplicates(error)


async def update_each(collection: Collection, updates: Sequence[UpdateOne]) -> tuple[int, frozenset[int]]:
    """Do all updates in one command: how many found their document, and the indexes of those refused as duplicates."""
    try:
        result = await collection.bulk_write(updates, ordered=False)
    except BulkWriteError as error:
        refused = _duplicates(error)
        return int(error.details["nMatched"]) if error.details else 0, refused
    return result.matched_count, frozenset()


def quickly(collection: Collection) -> Collection:
    """The collection, whose writes are acknowledged by one server, before its journal: for what may be lost."""
    return collection.with_options(write_concern=WRITTEN)


def _duplicates(error: BulkWriteError) -> frozenset[int]:
    """The indexes of the writes that a unique key refused. Any other failure is raised as what it is."""
    details = error.details or {}
    refusals = details.get("writeErrors", ())
    if any(refusal["code"] != _DUPLICATE for refusal in refusals):
        raise error
    if details.get("writeConcernErrors"):
        # Done, but not known to be durable: as when a single write says so.
        raise WTimeoutError(str(details["writeConcernErrors"])[:500]) from error
    return frozenset(refusal["index"] for refusal in refusals)


async def in_transaction(database: Database, work: Callable[[Any], Awaitable[T]]) -> T:
    """Run ``await work(session)`` in a transaction; it may run again when the server asks for that.

    For the rare change that one document cannot hold. ``work`` hands its session to every call.
    """
    session: Any = database.client.start_session()
    if asyncio.iscoroutine(session):  # awaited in motor, not in PyMongo
        session = await session
    async with session:
        return cast("T", await session.with_transaction(work, read_concern=MAJORITY, write_concern=_DURABLE))


async def explain(database: Database, command: Mapping[str, Any]) -> Document:
    """How the server would run ``command`` (MongoDB's ``explain``, with execution statistics)."""
    return await database.command("explain", dict(command), verbosity="executionStats")
