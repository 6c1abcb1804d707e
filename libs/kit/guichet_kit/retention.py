"""What goes by age: rules of a service, each with its setting in days; looked at first, then carried out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from guichet_kit import tasks
from guichet_kit.clock import now, to_wire
from guichet_kit.logs import get_logger
from guichet_kit.mongo import ASCENDING, OUTAGES, Collection, Document

LOOK_SECONDS = 6 * 3600.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """How many are older than a rule lets them get, and of when the oldest is."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Rule:
    """Things of one ``kind`` go when they are older than ``days``; 0: never. ``setting`` is what sets it.

    ``due`` counts those of before a moment, ``remove`` lets them go and says how many went; it may be repeated.
    """

    kind: str
    setting: str
    days: int
    due: Callable[[datetime], Awaitable[Due]]
    remove: Callable[[datetime], Awaitable[int]]

    @property
    def limit(self) -> datetime:
        """What is of before this moment goes."""
        return now() - timedelta(days=self.days)


async def due_in(collection: Collection, old: Document, moment_field: str) -> Due:
    """How many documents of the collection match, and of when the oldest is, by one of its fields."""
    first = await collection.find_one(old, {moment_field: True}, sort=[(moment_field, ASCENDING)])
    return Due(await collection.count_documents(old), first[moment_field] if first else None)


async def carry_out(rules: Sequence[Rule], *, dry: bool = False) -> list[dict[str, Any]]:
    """Carry the rules out, or only look (``dry``); what each found, as `guichetctl retention` tells it."""
    told = []
    for rule in rules:
        if not rule.days:
            due, removed = Due(0, None), 0
        else:
            limit = rule.limit
            due = await rule.due(limit)
            removed = 0 if dry or not due.count else await rule.remove(limit)
        told.append(
            {
                "kind": rule.kind,
                "setting": rule.setting,
                "days": rule.days,
                "due": due.count,
                "oldest_at": to_wire(due.oldest) if due.oldest else None,
                "removed": removed,
            }
        )
    return told


@asynccontextmanager
async def keeping_to(rules: Sequence[Rule]) -> AsyncIterator[None]:
    """Carry the rules out now, and every `LOOK_SECONDS`, until the context ends. Replicas may all do so at once."""
    active = [rule for rule in rules if rule.days]

    async def repeat() -> None:
        while True:
            try:
                for told in await carry_out(active):
                    if told["removed"]:
                        log.info("removed_by_age", kind=told["kind"], removed=told["removed"], days=told["days"])
            except OUTAGES as error:
                log.warning("retention_waits", error=str(error)[:200])
            except Exception:  # whatever it was, the next round may do better
                log.exception("retention_waits")
            await asyncio.sleep(LOOK_SECONDS)

    task = asyncio.create_task(repeat()) if active else None
    try:
        yield
    finally:
        if task is not None:
            await tasks.stop(task)
