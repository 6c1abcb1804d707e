"""Several documents in one write, where one document is not enough: a unique address that moves between contacts."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from guichet_kit.mongo import Database

Session = Any
"""A session of either driver."""

Result = TypeVar("Result")


async def in_transaction(database: Database, work: Callable[[Session], Awaitable[Result]]) -> Result:
    """All writes that ``work`` does in its session, or none, durable on a majority.

    ``work`` runs again when another write came in between, so it must do nothing outside the session.
    """
    started: Any = database.client.start_session()
    session = await started if inspect.isawaitable(started) else started  # awaited in motor, not in PyMongo
    async with session:
        return cast("Result", await session.with_transaction(work, write_concern=database.write_concern))
