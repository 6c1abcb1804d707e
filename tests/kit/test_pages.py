"""Cursors: any sort key comes back as it was, and no forged text gets past them."""

import base64
import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from guichet_kit.pages import CursorPart, decode_cursor, encode_cursor
from guichet_kit.problems import Invalid
from hypothesis import given
from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=["Cs"]))
integers = st.integers(-(2**63) + 1, 2**63 - 1)
times = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))


def cursor_of(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def refused(cursor: str, *kinds: type[CursorPart]) -> bool:
    with pytest.raises(Invalid) as refusal:
        decode_cursor(cursor, *kinds)
    return refusal.value.errors == [{"field": "cursor", "message": "is not a cursor of this list"}]


class TestARoundTrip:
    @given(st.lists(texts | integers | times, max_size=4))
    def test_any_sort_key_comes_back_as_it_was(self, parts: list[CursorPart]) -> None:
        assert decode_cursor(encode_cursor(parts), *map(type, parts)) == parts

    @given(st.lists(texts, min_size=1))
    def test_a_cursor_needs_no_quoting_in_a_url(self, parts: list[CursorPart]) -> None:
        assert set(encode_cursor(parts)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    def test_a_time_of_another_zone_comes_back_as_the_same_instant(self) -> None:
        moment = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2)))
        assert decode_cursor(encode_cursor([moment]), datetime) == [moment]


class TestForgedCursors:
    @given(st.text())
    def test_any_text_is_a_cursor_or_a_422(self, text: str) -> None:
        with contextlib.suppress(Invalid):
            assert [type(part) for part in decode_cursor(text, str, int)] == [str, int]

    @pytest.mark.parametrize(
        "plain",
        [
            "",
            "not json",
            "7",
            '"ab"',
            '{"a": 1, "b": 2}',
            "[]",
            '["a"]',
            '["a", 1, 2]',
            '[1, "a"]',
            '["a", true]',
            '["a", 1.0]',
            '["a", null]',
            '["a", [1]]',
            '["a", {"$gt": 0}]',
            f'["a", {2**63}]',
            f'["a", {2**70}]',
        ],
    )
    def test_a_key_of_another_form_is_refused(self, plain: str) -> None:
        assert refused(cursor_of(plain), str, int)

    def test_text_in_place_of_a_list_is_refused_though_it_has_as_many_letters(self) -> None:
        assert refused(cursor_of('"ab"'), str, str)
        assert refused(cursor_of('{"a": 1, "b": 2}'), str, str)

    @pytest.mark.parametrize(
        "time",
        ["7", '"noon"', "null", '"2026-01-31T09:30:00"', '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"'],
    )
    def test_a_time_that_a_database_could_not_hold_is_refused(self, time: str) -> None:
        assert refused(cursor_of(f'[{{"t": {time}}}]'), datetime)

    @pytest.mark.parametrize("cursor", ["%%%", "é", "a", "====", "AAAA" * 10_000])
    def test_text_that_is_not_base64_of_json_is_refused(self, cursor: str) -> None:
        assert refused(cursor, str)
