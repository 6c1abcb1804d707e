"""What is measured of the mails that wait: looked up when the metrics are asked for, by the queues' own indexes."""

from guichet_kit.clock import now
from guichet_kit.mongo import ASCENDING, Document
from guichet_kit.telemetry import Readings
from prometheus_client import Gauge

from guichet_mailer.inbound import received
from guichet_mailer.inbound.store import ReceivedStore
from guichet_mailer.outbound import delivery
from guichet_mailer.outbound.store import DeliveryStore

_UNDER_WAY = (delivery.State.QUEUED, delivery.State.SENDING, delivery.State.UNCERTAIN)
_HELD = (received.State.RECEIVED, received.State.QUARANTINED)

going_out = Gauge("guichet_mailer_outbound", "E-mails that have not reached their end", ["state"])
coming_in = Gauge("guichet_mailer_inbound", "Mails that wait to be taken in, or are in quarantine", ["state"])
overdue = Gauge("guichet_mailer_overdue_seconds", "How long the mail that waits longest is late", ["direction"])


def measure(readings: Readings, mails: ReceivedStore, deliveries: DeliveryStore) -> None:
    """Let the metrics tell of the mails in these stores."""

    async def out() -> dict[str, float]:
        return {state: await deliveries.collection.count_documents({"state": state}) for state in _UNDER_WAY}

    async def into() -> dict[str, float]:
        return {state: await mails.collection.count_documents({"state": state}) for state in _HELD}

    async def late() -> dict[str, float]:
        waiting: Document = {"state": delivery.State.QUEUED}
        first = {
            "out": await deliveries.collection.find_one(waiting, {"due_at": True}, sort=[("due_at", ASCENDING)]),
            "in": await mails.collection.find_one(
                {"due_at": {"$exists": True}}, {"due_at": True}, sort=[("due_at", ASCENDING)]
            ),
        }
        return {
            direction: max((now() - found["due_at"]).total_seconds(), 0.0) if found else 0.0
            for direction, found in first.items()
        }

    readings.add(going_out, out)
    readings.add(coming_in, into)
    readings.add(overdue, late)
