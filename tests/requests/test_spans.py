"""Spans hold the same numbers as a set, whatever the order in which they came."""

from guichet_requests.request import spans
from hypothesis import given
from hypothesis import strategies as st

numbers = st.lists(st.integers(1, 30))


def built(added: list[int]) -> spans.Spans:
    held: spans.Spans = ()
    for number in added:
        held = spans.add(held, number)
    return held


class TestSpans:
    @given(numbers)
    def test_they_hold_what_was_added_and_nothing_else(self, added: list[int]) -> None:
        held = built(added)
        assert [n for n in range(32) if spans.contains(held, n)] == sorted(set(added))
        assert spans.count(held) == len(set(added))

    @given(numbers)
    def test_they_are_as_few_as_can_be(self, added: list[int]) -> None:
        held, present = built(added), set(added)
        assert len(held) == sum(1 for n in present if n - 1 not in present)

    @given(numbers, st.integers(0, 31))
    def test_above_a_mark_is_what_is_greater(self, added: list[int], mark: int) -> None:
        assert spans.above(built(added), mark) == built([n for n in added if n > mark])
