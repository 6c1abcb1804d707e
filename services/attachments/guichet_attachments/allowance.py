"""How many bytes visitors may send in an hour and in a day: each of them, from one address, to one site, and in all.

Pure rules; `usage` counts.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class AllowanceUsed(Exception):
    """No more for now; ``retry_after`` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"try again in {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Allowance:
    """Bytes an hour and a day; 0 is no limit."""

    hourly: int
    daily: int


@dataclass(frozen=True, slots=True)
class Count:
    """One of the sums that a file adds to: its key, the most it may be, and until when it counts."""

    key: str
    most: int
    until: datetime


def counts(subjects: Mapping[str, Allowance], at: datetime) -> list[Count]:
    """The sums of these subjects in the hour and the day of ``at``; those without a limit are left out."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    found = []
    for subject, allowance in subjects.items():
        found.append(Count(f"{subject}/{hour:%Y-%m-%dT%H}", allowance.hourly, hour + HOUR))
        found.append(Count(f"{subject}/{day:%Y-%m-%d}", allowance.daily, day + DAY))
    return [count for count in found if count.most]


def exhausted(sums: Sequence[Count], used: Mapping[str, int], size: int, at: datetime) -> AllowanceUsed | None:
    """What to say where ``size`` more bytes are too many for some sum: come back when the last of those is over."""
    over = [count.until for count in sums if used.get(count.key, 0) + size > count.most]
    return AllowanceUsed(math.ceil((max(over) - at).total_seconds())) if over else None
