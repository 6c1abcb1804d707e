"""What is said in conversations, on the request where it belongs: in any order, any number of times."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from guichet_kit.clock import now
from guichet_requests import consumers
from guichet_requests.errors import Unknown
from guichet_requests.request import request as noun
from guichet_requests.request import usecases
from guichet_requests.request.conversation import Conversation
from guichet_requests.request.hearing import PATIENCE, PredecessorUnknown
from guichet_requests.request.request import Request, Status, edit
from guichet_requests.request.usecases import VisitorHasOpenRequest
from guichet_requests.timeline.item import Author

from .conftest import Visitor, World, put_off

ALEX = Author("agent", "0190aaaa-0000-7000-8000-0000000a1ec5", "Alex Martin")


async def the_request(world: World, visitor: Visitor) -> Request:
    request = await world.requests.current_of(visitor.id)
    assert request is not None
    return request


def conversation_of(request: Request) -> Conversation:
    assert request.conversation is not None
    return request.conversation


async def set_status(world: World, request: Request, status: Status) -> Request:
    return await usecases.change(world.requests, request.id, lambda r: edit(r, by=ALEX, at=now(), status=status))


class TestAConversation:
    async def test_the_first_message_makes_a_new_request_with_a_number_from_1001(
        self, world: World, ada: Visitor
    ) -> None:
        await world.hear(ada.writes("Bonjour,\n  ma lampe   clignote"))

        request = await the_request(world, ada)
        assert (request.number, request.status, request.priority, request.unread) == (1001, "new", "low", 1)
        assert request.preview == "Bonjour, ma lampe clignote"
        assert request.visitor == noun.Visitor(ada.id, "Ada")
        assert request.version == 1
        assert await world.timeline(request.id) == [
            ("conversation_opened", "Ada opened a conversation"),
            ("message", "Bonjour,\n  ma lampe   clignote"),
        ]

    async def test_an_agents_first_answer_takes_the_request_up_and_has_read_what_it_answers(
        self, world: World, ada: Visitor
    ) -> None:
        await world.hear(ada.writes("Bonjour"), ada.is_answered("Bonjour Ada"))

        request = await the_request(world, ada)
        assert (request.status, request.unread, conversation_of(request).last_seq) == ("in_progress", 0, 2)

    async def test_each_change_is_told_once_with_its_version(self, world: World, ada: Visitor) -> None:
        await world.hear(ada.writes("Un"), ada.writes("Deux"), ada.is_read(1))

        assert [(r.version, r.unread, r.preview) for r in world.relay.changed] == [
            (1, 1, "Un"),
            (2, 2, "Deux"),
            (3, 1, "Deux"),
        ]

    async def test_the_visitors_own_read_mark_changes_nothing(self, world: World, ada: Visitor) -> None:
        await world.hear(ada.writes("Un"), ada.is_read(1, reader="visitor"))

        assert (await the_request(world, ada)).version == 1

    async def test_a_read_mark_of_an_unheard_conversation_is_to_come_again(self, world: World, ada: Visitor) -> None:
        with pytest.raises(Unknown):
            await world.hear(ada.is_read(1))

    async def test_a_mark_that_came_before_the_message_still_counts(self, world: World, ada: Visitor) -> None:
        first, second, mark = ada.writes("Un"), ada.writes("Deux"), ada.is_read(2)
        await world.hear(first, mark, second)

        assert (await the_request(world, ada)).unread == 0


class TestClosing:
    async def test_in_progress_keeps_the_request_open_and_the_next_conversation_comes_to_it(
        self, world: World, ada: Visitor
    ) -> None:
        await world.hear(ada.writes("Un"), ada.is_closed("in_progress"))
        request = await the_request(world, ada)
        assert (request.status, conversation_of(request).open) == ("in_progress", False)

        await world.hear(ada.writes("Deux"))

        again = await the_request(world, ada)
        assert again.id == request.id
        assert (conversation_of(again).open, conversation_of(again).last_seq, again.unread) == (True, 1, 2)

    async def test_closed_closes_the_request_and_the_next_conversation_makes_another(
        self, world: World, ada: Visitor
    ) -> None:
        await world.hear(ada.writes("Un"))
        first = await the_request(world, ada)
        closing = ada.is_closed("closed")
        await world.hear(closing)

        closed = await usecases.get(world.requests, first.id)
        assert (closed.status, closed.closed_at) == ("closed", closing.data.closing.at)
        assert (await world.timeline(first.id))[-1][0] == "conversation_closed"

        await world.hear(ada.writes("Deux"))
        assert (await the_request(world, ada)).number == first.number + 1

    async def test_a_visitor_who_comes_back_wakes_a_pending_request(self, world: World, ada: Visitor) -> None:
        await world.hear(ada.writes("Un"), ada.is_closed("pending"))
        assert (await the_request(world, ada)).status == "pending"

        await world.hear(ada.writes("Deux"))
        assert (await the_request(world, ada)).status == "in_progress"

    async def test_a_message_in_an_open_conversation_wakes_what_an_agent_set_aside(self, world: World) -> None:
        ada = Visitor(begun=now() - timedelta(seconds=1))
        await world.hear(ada.writes("Un"))
        for status in ("pending", "closed"):
            request = await set_status(world, await the_request(world, ada), status)
            for _ in range(3):
                late = ada.writes("Encore")
            await world.hear(late)
            assert late.data.entry.at > request.status_at
            assert (await the_request(world, ada)).status == "in_progress"
            assert (await the_request(world, ada)).id == request.id

    async def test_what_was_written_before_an_agent_set_it_aside_does_not_wake_it(
        self, world: World, ada: Visitor
    ) -> None:
        first, second = ada.writes("Un"), ada.writes("Deux")
        await world.hear(first)
        await set_status(world, await the_request(world, ada), "pending")

        await world.hear(second)

        assert (await the_request(world, ada)).status == "pending"

    async def test_a_late_closing_does_not_undo_what_an_agent_set_since(self, world: World, ada: Visitor) -> None:
        first, closing = ada.writes("Un"), ada.is_closed("closed")
        await world.hear(first)
        await set_status(world, await the_request(world, ada), "pending")

        await world.hear(closing)

        request = await the_request(world, ada)
        assert (request.status, conversation_of(request).open) == ("pending", False)

    async def test_a_message_of_the_closings_own_millisecond_does_not_wake_it_afterwards(
        self, world: World, ada: Visitor
    ) -> None:
        first, at = ada.writes("Un"), now() - timedelta(seconds=5)
        last, closing = ada.writes("Deux", at=at), ada.is_closed("pending", at=at)

        await world.hear(first, closing, last)

        assert (await the_request(world, ada)).status == "pending"


class TestReopening:
    async def test_a_request_reopened_by_hand_takes_the_next_conversation(self, world: World, ada: Visitor) -> None:
        await world.hear(ada.writes("Un"))
        request = await the_request(world, ada)
        await world.hear(ada.is_closed("closed"))
        await set_status(world, request, "in_progress")

        await world.hear(ada.writes("Deux"))

        assert (await the_request(world, ada)).id == request.id

    async def test_a_second_open_request_of_a_visitor_is_refused_by_name(self, world: World, ada: Visitor) -> None:
        await world.hear(ada.writes("Un"))
        first = await the_request(world, ada)
        await world.hear(ada.is_closed("closed"), ada.writes("Deux"))

        with pytest.raises(VisitorHasOpenRequest) as refusal:
            await set_status(world, first, "in_progress")
        assert refusal.value.other.id == (await the_request(world, ada)).id

    async def test_an_older_request_opened_again_takes_what_follows_a_closed_one(
        self, world: World, ada: Visitor
    ) -> None:
        await world.hear(ada.writes("Un"))
        first = await the_request(world, ada)
        await world.hear(ada.is_closed("closed"), ada.writes("Deux"), ada.is_closed("closed"))
        await set_status(world, first, "in_progress")

        await world.hear(ada.writes("Trois"))

        assert (await the_request(world, ada)).id == first.id


class TestALostConversation:
    async def test_an_entry_waits_for_the_conversation_before_its_own_but_not_for_ever(
        self, world: World, ada: Visitor
    ) -> None:
        ada.writes("Lost")
        ada.is_closed("in_progress")
        second = ada.writes("Deux")
        for times in range(PATIENCE):
            with put_off(times), pytest.raises(PredecessorUnknown):
                await world.hear(second)

        with put_off(PATIENCE):
            await world.hear(second)

        assert (await the_request(world, ada)).preview == "Deux"

    async def test_after_an_outage_the_second_conversation_waits_for_the_first_however_old_both_are(
        self, world: World
    ) -> None:
        ada = Visitor(begun=now() - timedelta(hours=2))
        first = [ada.writes("Un"), ada.is_closed("in_progress")]
        second = ada.writes("Deux")
        with pytest.raises(PredecessorUnknown):
            await world.hear(second)

        await world.hear(*first, second)

        assert await world.count() == 1
        assert len((await the_request(world, ada)).conversations) == 2

    async def test_the_late_closing_of_an_older_conversation_does_not_end_the_newer_one(self, world: World) -> None:
        ada = Visitor(begun=now() - timedelta(minutes=1))
        first, closing = ada.writes("Un"), ada.is_closed("closed")
        ada.writes("Lost")
        ada.is_closed("in_progress")
        with put_off(PATIENCE):
            await world.hear(first, ada.writes("Trois"))

        await world.hear(closing)

        request = await the_request(world, ada)
        assert (request.status, conversation_of(request).open, len(request.conversations)) == ("new", True, 2)


class TestConcurrency:
    async def test_many_consumers_of_one_new_visitor_make_one_request(self, world: World, ada: Visitor) -> None:
        events = [ada.writes(f"Message {n}") for n in range(20)]

        await asyncio.gather(*(consumers.take_in(world.stores, event) for event in events * 2))

        assert await world.requests.collection.count_documents({}) == 1
        request = await the_request(world, ada)
        assert (request.unread, request.version, request.preview) == (20, 20, "Message 19")
        assert len(await world.timeline(request.id)) == 21

    async def test_two_conversations_at_once_find_their_requests(self, world: World) -> None:
        for _ in range(5):
            ada = Visitor()
            events: list[Any] = [ada.writes("Un"), ada.is_closed("closed"), ada.writes("Deux"), ada.writes("Trois")]
            await world.hear(events[0])

            await asyncio.gather(*(consumers.take_in(world.stores, event) for event in events * 3))

            assert await world.requests.collection.count_documents({"visitor.id": ada.id}) == 2
            assert (await the_request(world, ada)).unread == 2
