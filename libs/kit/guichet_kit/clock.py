"""Time, in the precision that MongoDB keeps, and its text on the wire."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, PlainSerializer


def now() -> datetime:
    """The present instant, UTC, cut to milliseconds (BSON dates hold no more, so a stored time compares equal)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_wire(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: ``2026-01-31T09:30:00.123Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


WireTime = Annotated[AwareDatetime, PlainSerializer(to_wire, return_type=str, when_used="json")]
"""A point in time as every JSON document of Guichet shows it."""
