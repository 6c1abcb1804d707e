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
from pymongo.errors import (
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)
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
    "aggregate",
    "create_indexes",
    "explain",
    "in_transaction",
    "open_client",
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
# Acknowledged means on the disk of a majority; it is waited for 10 s, then told as an outage.
_DURABLE = WriteConcern("majority", j=True, wtimeout=10_000)

log = get_logger(__name__)


class MongoClient:
    """One connected client of either driver."""

    def __init__(self, url: str, driver: str, app_name: str) -> None:
        options: Mapping[str, Any] = {**_POOL, **_TIMEOUTS, "appname": app_name, "tz_aware": True}
        self._client: Any
        if driver == "motor":
            from motor.motor_asyncio import AsyncIOMotorClient  # only where it was asked for

            self._client = AsyncIOMotorClient(url, **options)
        else:
            self._client = AsyncMongoClient(url, **options)

    def database(self, name: str) -> Database:
        """The database, whose writes are acknowledged when they are on the disk of a majority."""
        return cast("Database", self._client.get_database(name, write_concern=_DURABLE))

    async def ping(self) -> None:
        """Ask the primary for a sign of life; raises one of ``OUTAGES`` when there is none."""
        await self._client.admin.command("ping")

    async def wait_until_ready(self, timeout: float) -> None:
        """Wait for a primary, ``timeout`` seconds at most; `TimeoutError` when there is none."""
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
