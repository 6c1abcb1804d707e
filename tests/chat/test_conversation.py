"""The pure rules of the log."""

from datetime import UTC, datetime, timedelta

import pytest
from guichet_chat.conversation import (
    Author,
    Conversation,
    ConversationClosed,
    Draft,
    Entry,
    Visitor,
    next_entry,
    successor,
)
from hypothesis import given
from hypothesis import strategies as st

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
VISITOR = Visitor("v1", "shop", "Ada")
CONVERSATION = Conversation("c1", VISITOR, opened_at=NOON)
ADA = Author("visitor", "v1", "Ada")


def draft(client_id: str = "m1") -> Draft:
    return Draft(client_id, ADA, text="Bonjour")


def closing_after(tail: Entry | None) -> Entry:
    closing = Draft("x", Author("agent", "a1"), kind="closed", request_status="in_progress")
    return next_entry(CONVERSATION, tail, closing, NOON)


class TestNextEntry:
    def test_the_first_entry_is_number_one(self) -> None:
        assert next_entry(CONVERSATION, None, draft(), NOON).seq == 1

    def test_each_entry_follows_its_tail(self) -> None:
        first = next_entry(CONVERSATION, None, draft(), NOON)
        assert next_entry(CONVERSATION, first, draft("m2"), NOON).seq == 2

    def test_nothing_follows_the_closing(self) -> None:
        with pytest.raises(ConversationClosed):
            next_entry(CONVERSATION, closing_after(None), draft(), NOON)

    def test_not_even_another_closing_follows_the_closing(self) -> None:
        with pytest.raises(ConversationClosed):
            closing_after(closing_after(None))

    @given(st.lists(st.integers(min_value=-5_000, max_value=5_000), min_size=1, max_size=20))
    def test_times_never_go_back_whatever_the_clocks_of_the_writers_say(self, offsets: list[int]) -> None:
        tail = None
        for number, offset in enumerate(offsets):
            entry = next_entry(CONVERSATION, tail, draft(str(number)), NOON + timedelta(milliseconds=offset))
            assert entry.at >= (tail.at if tail else CONVERSATION.opened_at)
            tail = entry


class TestSuccessor:
    def test_a_first_conversation_follows_none(self) -> None:
        assert successor("c1", VISITOR, None, None, NOON).follows is None

    def test_the_next_one_says_how_the_one_before_ended(self) -> None:
        follows = successor("c2", VISITOR, CONVERSATION, closing_after(None), NOON).follows
        assert follows is not None
        assert (follows.conversation_id, follows.seq, follows.request_status) == ("c1", 1, "in_progress")

    def test_it_does_not_begin_before_the_one_before_ended(self) -> None:
        closing = closing_after(None)
        assert successor("c2", VISITOR, CONVERSATION, closing, NOON - timedelta(hours=1)).opened_at == closing.at
