"""What is measured of the files that wait: looked up when the metrics are asked for."""

from guichet_kit.clock import now
from guichet_kit.mongo import ASCENDING
from guichet_kit.telemetry import Readings
from prometheus_client import Gauge

from guichet_attachments.attachment import State
from guichet_attachments.store import AttachmentStore
from guichet_attachments.virus import NoScanner, Scanner, ScannerUnavailable

waiting = Gauge("guichet_attachments_waiting", "Files that are being received or checked", ["state"])
oldest = Gauge("guichet_attachments_oldest_seconds", "How long the oldest of them is in its state", ["state"])
scanner_up = Gauge("guichet_attachments_scanner_up", "1 while the antivirus answers; absent without one", ["scanner"])


def measure(readings: Readings, store: AttachmentStore, scanner: Scanner) -> None:
    """Let the metrics tell of the files in this store, and of the scanner where there is one."""
    states = (State.RECEIVING, State.CHECKING)

    async def counts() -> dict[str, float]:
        return {state: await store.collection.count_documents({"state": state}) for state in states}

    async def ages() -> dict[str, float]:
        told = {}
        for state in states:
            first = await store.collection.find_one(
                {"state": state}, {"touched_at": True}, sort=[("touched_at", ASCENDING)]
            )
            told[str(state)] = max((now() - first["touched_at"]).total_seconds(), 0.0) if first else 0.0
        return told

    async def asked() -> dict[str, float]:
        try:
            await scanner.ping()
        except ScannerUnavailable:
            return {"clamd": 0}
        return {"clamd": 1}

    readings.add(waiting, counts)
    readings.add(oldest, ages)
    if not isinstance(scanner, NoScanner):
        readings.add(scanner_up, asked)
