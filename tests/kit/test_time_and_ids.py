"""The clock in milliseconds, its text on the wire, and ids in the order of their making."""

import itertools
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from guichet_kit.clock import WireTime, now, to_wire
from guichet_kit.ids import new_id
from pydantic import BaseModel, ValidationError


class Seen(BaseModel):
    """A document with a time."""

    at: WireTime


class TestTheClock:
    def test_it_is_utc_and_holds_no_more_than_milliseconds(self) -> None:
        moment = now()
        assert moment.tzinfo is UTC
        assert moment.microsecond % 1000 == 0

    def test_it_is_the_present(self) -> None:
        assert abs(now() - datetime.now(UTC)) < timedelta(seconds=1)


class TestTheWire:
    def test_a_time_is_rfc_3339_in_utc_with_milliseconds(self) -> None:
        paris = timezone(timedelta(hours=1))
        assert to_wire(datetime(2026, 1, 31, 10, 30, 0, 123_000, paris)) == "2026-01-31T09:30:00.123Z"

    def test_milliseconds_are_written_also_when_they_are_zero(self) -> None:
        assert to_wire(datetime(2026, 1, 31, tzinfo=UTC)) == "2026-01-31T00:00:00.000Z"

    def test_a_document_shows_it_so_and_reads_it_back(self) -> None:
        seen = Seen(at=now())
        text = seen.model_dump_json()
        assert text == f'{{"at":"{to_wire(seen.at)}"}}'
        assert Seen.model_validate_json(text) == seen

    def test_a_document_refuses_a_time_without_a_zone(self) -> None:
        with pytest.raises(ValidationError):
            Seen(at=datetime(2026, 1, 31))  # noqa: DTZ001


class TestIds:
    def test_they_are_uuids_of_version_7(self) -> None:
        assert uuid.UUID(new_id()).version == 7

    def test_ten_thousand_are_unique_and_sorted_by_the_time_of_their_making(self) -> None:
        ids = [new_id() for _ in range(10_000)]
        assert all(earlier < later for earlier, later in itertools.pairwise(ids))
