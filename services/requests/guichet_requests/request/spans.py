"""Sets of sequence numbers, kept as few spans: they are added in any order, and mostly without gaps."""

Spans = tuple[tuple[int, int], ...]
"""Disjoint, ascending, each ``(first, last)`` with both ends in it."""


def add(spans: Spans, number: int) -> Spans:
    """``spans`` with ``number`` in it."""
    if contains(spans, number):
        return spans
    merged: list[tuple[int, int]] = []
    for first, last in sorted((*spans, (number, number))):
        if merged and merged[-1][1] + 1 == first:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def contains(spans: Spans, number: int) -> bool:
    """Whether ``number`` is in it."""
    return any(first <= number <= last for first, last in spans)


def gaps(spans: Spans, up_to: int) -> Spans:
    """Of the numbers from 1 to ``up_to``, those that are not in it."""
    missing, after = [], 0
    for first, last in (*spans, (up_to + 1, up_to + 1)):
        if after + 1 < min(first, up_to + 1):
            missing.append((after + 1, min(first, up_to + 1) - 1))
        after = max(after, last)
    return tuple(missing)


def above(spans: Spans, mark: int) -> Spans:
    """Only what is greater than ``mark``."""
    return tuple((max(first, mark + 1), last) for first, last in spans if last > mark)


def count(spans: Spans) -> int:
    """How many numbers are in it."""
    return sum(last - first + 1 for first, last in spans)
