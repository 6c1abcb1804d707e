"""The pure rules: states, scopes, readers, ranges."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from guichet_attachments.attachment import (
    TRANSITIONS,
    Attachment,
    IllegalMove,
    Person,
    ScopeForbidden,
    ScopeMalformed,
    State,
    check_scope,
)
from guichet_attachments.ranges import RangeNotSatisfiable, requested_span

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
VISITOR, OTHER, AGENT = Person("visitor", "v"), Person("visitor", "w"), Person("agent", "a")
ADMIN = Person("agent", "i", is_admin=True)
FILE = Attachment(
    id="f",
    state=State.RECEIVING,
    name="a.txt",
    size=10,
    sha256="00",
    scope="visitor",
    owner=VISITOR,
    object="f.1",
    created_at=NOON,
    touched_at=NOON,
)


class TestStates:
    @pytest.mark.parametrize(("start", "end"), list(product(State, State)))
    def test_only_the_moves_of_the_table_are_made(self, start: State, end: State) -> None:
        file = replace(FILE, state=start)
        if end in TRANSITIONS[start]:
            assert file.moved(end, NOON).state is end
        else:
            with pytest.raises(IllegalMove):
                file.moved(end, NOON)

    def test_nothing_becomes_ready_without_being_checked(self) -> None:
        assert [state for state in State if State.READY in TRANSITIONS[state]] == [State.CHECKING]


class TestScopes:
    @pytest.mark.parametrize(
        ("scope", "person"),
        [
            ("visitor", VISITOR),
            ("conversation:c-1", VISITOR),
            ("conversation:c-1", AGENT),
            ("request:r", AGENT),
            ("template:t", ADMIN),
        ],
    )
    def test_people_upload_where_they_may(self, scope: str, person: Person) -> None:
        assert check_scope(scope, person) == scope

    @pytest.mark.parametrize(
        ("scope", "person"),
        [
            ("request:r", VISITOR),
            ("visitor", AGENT),
            ("template:t", AGENT),
            ("template:t", VISITOR),
            ("visitor", ADMIN),
        ],
    )
    def test_and_nowhere_else(self, scope: str, person: Person) -> None:
        with pytest.raises(ScopeForbidden):
            check_scope(scope, person)

    @pytest.mark.parametrize("scope", ["", "conversation", "conversation:", "request:a b", "visitor\n", "x:1"])
    def test_a_malformed_scope_is_none(self, scope: str) -> None:
        with pytest.raises(ScopeMalformed):
            check_scope(scope, AGENT)


class TestReaders:
    def test_a_file_that_was_not_sent_is_its_owners_alone(self) -> None:
        assert FILE.may_be_read_by(VISITOR)
        assert not FILE.may_be_read_by(OTHER)
        assert not FILE.may_be_read_by(AGENT)

    def test_a_file_that_was_sent_is_every_agents_and_that_conversations_visitors(self) -> None:
        sent = replace(FILE, owner=AGENT, linked_at=NOON, readers=frozenset({"v"}))
        assert sent.may_be_read_by(VISITOR)
        assert sent.may_be_read_by(Person("agent", "b"))
        assert not sent.may_be_read_by(OTHER)

    def test_an_agent_with_a_visitors_id_is_not_that_visitor(self) -> None:
        assert not FILE.may_be_read_by(Person("agent", "v"))


class TestRanges:
    @pytest.mark.parametrize(
        ("header", "first", "length"),
        [
            ("bytes=0-0", 0, 1),
            ("bytes=2-5", 2, 4),
            ("bytes=5-", 5, 5),
            ("bytes=-3", 7, 3),
            ("bytes=-99", 0, 10),
            ("bytes=8-99", 8, 2),
        ],
    )
    def test_one_range_is_cut_to_what_there_is(self, header: str, first: int, length: int) -> None:
        span = requested_span(header, None, '"x"', 10)
        assert span is not None
        assert (span.first, span.length) == (first, length)

    @pytest.mark.parametrize("header", [None, "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "x"])
    def test_what_is_not_one_range_is_answered_with_the_whole(self, header: str | None) -> None:
        assert requested_span(header, None, '"x"', 10) is None

    @pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
    def test_a_range_after_the_end_cannot_be_satisfied(self, header: str) -> None:
        with pytest.raises(RangeNotSatisfiable) as refusal:
            requested_span(header, None, '"x"', 10)
        assert refusal.value.headers == {"Content-Range": "bytes */10"}

    def test_if_range_of_another_version_asks_for_the_whole(self) -> None:
        assert requested_span("bytes=0-1", '"old"', '"x"', 10) is None
        assert requested_span("bytes=0-1", '"x"', '"x"', 10) is not None
