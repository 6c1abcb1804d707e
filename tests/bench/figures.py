"""Quantiles of what was measured, and the median of runs."""

import statistics
from collections.abc import Sequence
from typing import Any

Figures = dict[str, Any]


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which ``part`` of them lie (nearest rank); NaN of nothing."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(part * len(ordered) + 0.5) - 1))]


def spread(values: Sequence[float]) -> Figures:
    """Median, 99th percentile, largest, and how many there were."""
    return {
        "p50": quantile(values, 0.5),
        "p95": quantile(values, 0.95),
        "p99": quantile(values, 0.99),
        "max": max(values, default=float("nan")),
        "count": len(values),
    }


def median(runs: Sequence[Figures]) -> Figures:
    """Of each figure of the runs, its median, inside nested figures too; what is no number, as in the last run."""
    last = runs[-1]
    found: Figures = {}
    for name, value in last.items():
        values = [run[name] for run in runs if name in run]
        if isinstance(value, dict):
            found[name] = median(values)
        elif isinstance(value, bool):
            found[name] = sum(values) * 2 > len(values)
        elif isinstance(value, int | float):
            found[name] = statistics.median(values)
        else:
            found[name] = value
    return found


def ms(value: float | None) -> str:
    """Milliseconds as a cell of a table."""
    if value is None or value != value:
        return "–"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
