"""What can be looked at of a service from outside, and what to do about what is found."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from guichet_contracts.claims import SIGNING

from guichet_kit.broker.deadletters import BrokerAway, dead_letters
from guichet_kit.clock import now, to_wire
from guichet_kit.manage.indexes import missing_indexes
from guichet_kit.manage.service import Finding, Managed, Opened, Untold
from guichet_kit.mongo import Database, PyMongoError
from guichet_kit.objects import ObjectStore, StoreUnavailable

CLOCK_TOLERANCE_SECONDS = 5.0
"""Difference between this machine's clock and the database's that leases and tokens still bear."""

BACKLOG_SECONDS = 60.0
"""Age of an unpublished event from which on the outbox counts as stuck."""

SAFE_MEMBERS = 3
"""Of a replica set: the majority of so many outlives one."""

_REACH_SECONDS = 10.0


async def findings(managed: Managed, opened: Opened) -> list[Finding]:
    """All that can be looked at of the service from outside, each with what to do about it."""
    found = [_keys(opened), await _mongodb(opened)]
    if found[1].state != "failing":
        found += [await _clocks(opened), await _indexes(managed, opened), await _outbox(managed, opened)]
    found += await _queues(managed, opened)
    if managed.bucket is not None:
        found.append(await _bucket(managed.bucket(opened.settings)))
    for check in managed.checks:
        found.append(await check(opened))
    return found


def _keys(opened: Opened) -> Finding:
    missing = [service for service in SIGNING if not opened.settings.keys.of(service)]
    if missing:
        advice = "Hand out the file that `guichetctl make-keys` writes, or add their keys to it."
        return Finding("keys", "failing", f"no public key of {', '.join(missing)}", advice)
    two = [service for service in SIGNING if len(opened.settings.keys.of(service)) > 1]
    if two:
        advice = "An exchange is under way: `guichetctl rotate-key SERVICE` says what comes next, `--drop` ends it."
        return Finding("keys", "ok", f"two of {', '.join(two)} are good", advice)
    return Finding("keys", "ok", f"one of {', '.join(SIGNING)} each")


async def _mongodb(opened: Opened) -> Finding:
    try:
        async with asyncio.timeout(_REACH_SECONDS):
            told = await opened.database.client.admin.command("hello")
    except (PyMongoError, TimeoutError) as error:
        return Finding(
            "mongodb",
            "failing",
            str(error)[:300] or "no answer",
            "Is MongoDB running, and does GUICHET_MONGODB_URL name it, its user and its CA? "
            "See the runbook MongoDB failover.",
        )
    if "setName" not in told:
        return Finding(
            "mongodb", "failing", "not a replica set", "Guichet needs a replica set; one member will do: rs.initiate()."
        )
    members = len(told.get("hosts", ()))
    if members < SAFE_MEMBERS:
        return Finding(
            "mongodb",
            "warning",
            f"replica set {told['setName']} of {members}",
            "Writing stops with a member of so small a set; production has three.",
        )
    return Finding("mongodb", "ok", f"replica set {told['setName']} of {members}")


async def _clocks(opened: Opened) -> Finding:
    told: Mapping[str, Any] = await opened.database.client.admin.command("hello")
    theirs: datetime = told["localTime"]
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    apart = abs((now() - theirs).total_seconds())
    if apart > CLOCK_TOLERANCE_SECONDS:
        return Finding(
            "clock",
            "failing",
            f"{apart:.0f} s from the database's",
            "Run a time service (chrony, systemd-timesyncd) on every machine: leases and tokens rely on it.",
        )
    return Finding("clock", "ok", f"{apart:.1f} s from the database's")


async def _indexes(managed: Managed, opened: Opened) -> Finding:
    missing = await missing_indexes(managed, opened.database)
    if missing:
        return Finding(
            "indexes", "failing", "missing: " + ", ".join(missing), "Run `guichetctl migrate`, or restart the service."
        )
    return Finding("indexes", "ok", "all there")


async def _outbox(managed: Managed, opened: Opened) -> Finding:
    told = await waiting(opened.database, managed.outboxes, managed.untold)
    oldest = max((one["oldest_seconds"] for one in told), default=0.0)
    count = sum(one["documents"] for one in told)
    if oldest > BACKLOG_SECONDS:
        return Finding(
            "outbox",
            "failing",
            f"{count} documents with unpublished events, the oldest for {oldest:.0f} s",
            "See the runbook Stuck outbox.",
        )
    return Finding("outbox", "ok", f"{count} documents with unpublished events")


async def _queues(managed: Managed, opened: Opened) -> list[Finding]:
    names = [name for queue in managed.queues for name in (queue, f"{queue}.dlq")]
    try:
        async with dead_letters(opened.settings.rabbitmq_url) as letters:
            depths = {depth.queue: depth for depth in await letters.depths(names)}
    except BrokerAway as error:
        advice = (
            "Is RabbitMQ running, and does GUICHET_RABBITMQ_URL name it and its user? See the runbook RabbitMQ down."
        )
        return [Finding("rabbitmq", "failing", str(error), advice)]
    found = [Finding("rabbitmq", "ok", "answers")]
    for queue in managed.queues:
        here, parked = depths[queue], depths[f"{queue}.dlq"].messages
        if here.messages is None:
            found.append(
                Finding(f"queue {queue}", "failing", "is not there", "Start the service: it declares its queues.")
            )
        elif not here.consumers:
            found.append(
                Finding(
                    f"queue {queue}", "failing", f"no consumer, {here.messages} messages wait", "Start the service."
                )
            )
        elif parked:
            advice = f"`guichetctl dlq list {queue}`; see the runbook Dead letters."
            found.append(Finding(f"queue {queue}", "warning", f"{parked} messages are parked", advice))
        else:
            found.append(Finding(f"queue {queue}", "ok", f"{here.messages} messages wait, {here.consumers} consumers"))
    return found


async def _bucket(store: ObjectStore) -> Finding:
    try:
        async with asyncio.timeout(_REACH_SECONDS):
            await store.ping()
    except (StoreUnavailable, TimeoutError) as error:
        return Finding(
            "objects",
            "failing",
            f"bucket {store.bucket}: {str(error)[:300] or 'no answer'}",
            "Is the object store running, and are GUICHET_S3_ENDPOINT and its keys right? "
            "See the runbook Object store down.",
        )
    finally:
        store.close()
    return Finding("objects", "ok", f"bucket {store.bucket} is there")


async def waiting(
    database: Database, outboxes: Sequence[str], untold: Sequence[Untold] = ()
) -> list[dict[str, Any]]:  # fmt: skip
    """Of each collection: how many documents have unpublished events, and since when the oldest waits."""
    told = []
    for name in outboxes:
        held = {"outbox.at": {"$exists": True}}
        count = await database[name].count_documents(held)
        first = await database[name].find_one(held, sort=[("outbox.at", 1)], projection={"outbox.at": True})
        told.append(_backlog(name, count, min(entry["at"] for entry in first["outbox"]) if first else None))
    return told + [_backlog(*await look(database)) for look in untold]


def _backlog(name: str, count: int, since: datetime | None) -> dict[str, Any]:
    age = max((now() - since).total_seconds(), 0.0) if since else 0.0
    return {
        "collection": name,
        "documents": count,
        "oldest_at": to_wire(since) if since else None,
        "oldest_seconds": round(age, 1),
    }
