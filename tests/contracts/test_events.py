"""Events may only grow; what is published can be read again."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from guichet_contracts import chat
from guichet_contracts.subscriptions import LIVE_EVENTS, MESSAGES_WITH_FILES, RETIRED, SUBSCRIPTIONS
from guichet_local.testing.contracts import breaks

OLD: dict[str, Any] = {
    "properties": {"id": {"type": "string"}, "who": {"$ref": "#/$defs/Who"}, "on": {"enum": ["a", "b"]}},
    "required": ["id", "who"],
    "$defs": {"Who": {"properties": {"name": {"type": "string"}}, "required": ["name"]}},
}


def changed(**at: Any) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    for path, value in at.items():
        *way, last = path.split("__")
        place = new
        for step in way:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return new


class TestAChangeOfAnEvent:
    def test_a_new_field_breaks_nothing(self) -> None:
        assert breaks(OLD, changed(properties__more={"type": "integer"})) == []

    @pytest.mark.parametrize(
        ("new", "reason"),
        [
            (changed(properties__id=None), "id is gone"),
            (changed(properties__id={"type": "integer"}), "id may now be integer"),
            (changed(properties__id={"anyOf": [{"type": "string"}, {"type": "null"}]}), "id may now be null"),
            (changed(properties__on={"enum": ["a", "b", "c"]}), "on may now be 'c'"),
            (changed(required=["who"]), "id may now be absent"),
            (changed(**{"$defs__Who__properties__name": None}), "Who.name is gone"),
        ],
    )
    def test_what_a_consumer_could_fail_on_is_named(self, new: dict[str, Any], reason: str) -> None:
        assert breaks(OLD, new) == [reason]


class TestTheWireForm:
    def test_an_event_is_read_back_as_it_was_with_times_in_utc(self) -> None:
        at = datetime(2026, 1, 31, 9, 30, 0, 123000, tzinfo=UTC)
        event = chat.ConversationRead(
            id="e1", time=at, subject="c1", data=chat.ConversationReadData(conversation_id="c1", reader="agent", seq=3)
        )
        wire = event.model_dump(mode="json")
        assert wire["time"] == "2026-01-31T09:30:00.123Z"
        assert (wire["type"], wire["source"]) == ("chat.conversation.read.v1", "guichet/chat")
        assert chat.ConversationRead.model_validate(wire) == event

    def test_a_field_that_a_newer_publisher_added_is_let_through(self) -> None:
        data = {"conversation_id": "c1", "reader": "agent", "seq": 3, "device": "phone"}
        assert chat.ConversationReadData.model_validate(data).seq == 3


class TestSubscriptions:
    def test_every_event_that_somebody_hears_is_defined(self) -> None:
        from .generate import _events

        defined = {event.model_fields["type"].default for event in _events()}
        heard = {event_type for types in SUBSCRIPTIONS.values() for event_type in types} | set(LIVE_EVENTS)
        assert heard <= defined | {MESSAGES_WITH_FILES}

    def test_nothing_that_chat_replicas_tell_each_other_in_lines_comes_as_an_event_too(self) -> None:
        assert [event_type for event_type in LIVE_EVENTS if event_type.startswith("chat.")] == []
        chats = ("chat.message.posted.v1", "chat.conversation.closed.v1", "chat.conversation.read.v1")
        assert {("guichet.live", event_type) for event_type in chats} <= set(RETIRED)

    def test_what_is_retired_is_not_subscribed(self) -> None:
        assert not any(key in SUBSCRIPTIONS.get(name, LIVE_EVENTS) for name, key in RETIRED)

    def test_queues_are_named_by_consumer_and_purpose(self) -> None:
        services = ("chat", "requests", "contacts", "attachments", "mailer")
        assert all(queue.split(".")[0] in services and queue.count(".") == 1 for queue in SUBSCRIPTIONS)
