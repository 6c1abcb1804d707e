"""The search for the highest rate that is held, on a side that holds up to a known rate."""

from typing import Any, cast

import pytest

from .figures import Figures
from .options import Options
from .path import Path, Side
from .rig import Generator


class Known(Path):
    """Holds up to a rate, in short tries also a little more, as a system does that has not filled its queues yet."""

    def __init__(self, capacity: float, short_too_good: float = 1.0) -> None:
        super().__init__(Options(), cast("Generator", None), {})
        self.capacity, self.short_too_good = capacity, short_too_good
        self.tried: list[tuple[float, float]] = []

    async def _try(self, side: Side, rate: float, seconds: float) -> Figures:
        self.tried.append((rate, seconds))
        most = self.capacity * (self.short_too_good if seconds < self.options.held_seconds else 1)
        return {
            "overloaded": rate > most,
            "unshown": 0,
            "refused": [],
            "taken_ms": {"p99": 20.0},
            "behind_ms": {"count": 0},
        }


async def held(path: Known) -> float:
    found: dict[str, Any] = await path.held(cast("Side", None))
    return float(found["rate"])


class TestTheHighestRateHeld:
    @pytest.mark.parametrize("capacity", [9.0, 41.0, 137.0, 1_050.0])
    async def test_is_found_from_below_to_within_its_step(self, capacity: float) -> None:
        path = Known(capacity)
        assert capacity / 1.09 <= await held(path) <= capacity
        assert path.tried[-1][1] == path.options.held_seconds

    async def test_is_what_holds_for_long_not_what_holds_for_a_moment(self) -> None:
        path = Known(137.0, short_too_good=1.5)
        assert 137.0 * 0.9 * 0.9 <= await held(path) <= 137.0

    async def test_is_none_where_nothing_holds(self) -> None:
        assert await held(Known(0.0)) == 0.0
