"""What is measured of the requests while they wait: looked up when the metrics are asked for, by the lists' indexes."""

from datetime import timedelta

from guichet_kit.clock import now
from guichet_kit.mongo import ASCENDING, Collection, Document
from guichet_kit.telemetry import Readings
from prometheus_client import Gauge

from guichet_requests.request.listing import OPEN

AGES = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "3d": timedelta(days=3), "7d": timedelta(days=7)}
"""Open requests are counted that are older than each of these."""

by_status = Gauge("guichet_requests_open", "Open requests", ["status"])
oldest = Gauge("guichet_requests_oldest_seconds", "Age of the oldest open request", ["status"])
by_age = Gauge("guichet_requests_open_older", "Open requests older than that", ["age"])
unassigned = Gauge("guichet_requests_unassigned", "Open requests that no agent has taken", ["status"])


def measure(readings: Readings, requests: Collection) -> None:
    """Let the metrics tell of the requests in this collection."""

    async def statuses() -> dict[str, float]:
        return {status: await requests.count_documents({"status": status}) for status in OPEN}

    async def ages() -> dict[str, float]:
        told: dict[str, float] = {}
        for status in OPEN:
            first = await requests.find_one({"status": status}, {"created_at": True}, sort=[("created_at", ASCENDING)])
            told[status] = (now() - first["created_at"]).total_seconds() if first else 0.0
        return told

    async def older() -> dict[str, float]:
        still_open: Document = {"status": {"$in": OPEN}}
        return {
            label: await requests.count_documents(still_open | {"created_at": {"$lt": now() - age}})
            for label, age in AGES.items()
        }

    async def nobodys() -> dict[str, float]:
        return {status: await requests.count_documents({"status": status, "assignee.id": None}) for status in OPEN}

    readings.add(by_status, statuses)
    readings.add(oldest, ages)
    readings.add(by_age, older)
    readings.add(unassigned, nobodys)
