"""What was lost on its way from a log is noticed, asked for and shown; what is only late is not asked for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import aio_pika
import pytest
from faststream.rabbit import RabbitBroker
from guichet_contracts import chat
from guichet_contracts.requests import EntriesWanted
from guichet_contracts.subscriptions import CHAT_WANTED, REQUESTS_CONVERSATIONS, SUBSCRIPTIONS
from guichet_kit.broker import EventPublisher, PublishFailed, Topology
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_local.testing.events import events_of
from guichet_requests.request.behind import LATELY_SECONDS, Behind
from guichet_requests.request.conversation import Conversation
from guichet_requests.request.missing import AGAIN, AT_LAST, GRACE, Healer, hear_of_tails
from guichet_requests.timeline.item import Author, Item

from .conftest import NOON, Service, Visitor, World


def advanced(**last_seqs: int) -> chat.LogAdvanced:
    """How far logs go, as chat tells."""
    tails = tuple(chat.Tail(id=one, last_seq=seq) for one, seq in last_seqs.items())
    return chat.LogAdvanced(
        id=new_id(), time=now(), subject="log", data=chat.LogAdvancedData(conversations=tails)
    )  # fmt: skip


class TestAConversation:
    def test_it_says_which_entries_are_missing(self) -> None:
        heard = Conversation("c", NOON).hear(1).hear(2)
        assert (heard.missing(), heard.missing(2), heard.missing(5)) == ((), (), ((3, 5),))
        assert heard.hear(5).hear(4).missing() == ((3, 3),)
        assert heard.hear(8).hear(5).missing(9) == ((3, 4), (6, 7), (9, 9))
        assert heard.hear(4).hear(3).missing() == ()

    def test_its_first_entry_may_be_the_one(self) -> None:
        assert Conversation("c", NOON).hear(2).missing() == ((1, 1),)
        assert Conversation("c", NOON).missing() == ()
        assert Conversation("c", NOON).missing(1) == ((1, 1),)


class Asked:
    """What was asked for; fails while ``away``. ``lying`` messages are in the queue of entries."""

    def __init__(self) -> None:
        self.wanted: list[tuple[str, int]] = []
        self.spans: list[tuple[int, int | None]] = []
        self.away = False
        self.lying = 0

    async def waiting(self) -> int:
        if self.away:
            raise ConnectionError("away")
        return self.lying

    async def publish_batch(self, events: Sequence[Mapping[str, Any]]) -> None:
        if self.away:
            raise PublishFailed("away")
        data = [EntriesWanted.model_validate(event).data for event in events]
        self.wanted += [(one.conversation_id, one.after_seq) for one in data]
        self.spans += [(one.after_seq, one.up_to_seq) for one in data]


async def later(world: World, by: timedelta) -> None:
    """What was noted is older, and due earlier, by so much."""
    async for noted in world.missing.collection.find({}):
        earlier = {"due": noted["due"] - by, "since": noted["since"] - by}
        await world.missing.collection.update_one({"_id": noted["_id"]}, {"$set": earlier})


@pytest.mark.parametrize("driver", ["pymongo"])  # what is in question is what is asked for
class TestHealer:
    @pytest.fixture
    def asked(self) -> Asked:
        return Asked()

    @pytest.fixture
    def healer(self, world: World, asked: Asked) -> Healer:
        return Healer(asked, world.requests, world.missing, asked.waiting)

    async def test_a_hole_that_stays_is_asked_for(
        self, world: World, healer: Healer, asked: Asked, ada: Visitor
    ) -> None:
        conversation_id = ada.conversation.id
        first, _lost, third = ada.writes("Un"), ada.writes("Deux"), ada.writes("Trois")
        await world.hear(first, third)

        await healer.look()
        assert asked.wanted == [], "it may be on its way"
        await later(world, GRACE)
        await healer.look()

        assert asked.wanted == [(conversation_id, 1)]

    async def test_a_hole_that_a_batch_leaves_is_asked_for_too(
        self, world: World, healer: Healer, asked: Asked, ada: Visitor
    ) -> None:
        conversation_id = ada.conversation.id
        await world.hear(ada.writes("Un"))
        ada.writes("lost")
        assert await world.hear_together(ada.writes("Trois")) == []

        await healer.look()
        await later(world, GRACE)
        await healer.look()

        assert asked.wanted == [(conversation_id, 1)]

    async def test_what_was_only_late_is_not_asked_for(
        self, world: World, healer: Healer, asked: Asked, ada: Visitor
    ) -> None:
        first, second, third = ada.writes("Un"), ada.writes("Deux"), ada.writes("Trois")
        await world.hear(first, third)
        await healer.look()
        assert await world.hear_together(second) == []
        await later(world, GRACE)
        await healer.look()

        assert asked.wanted == []
        assert await world.missing.collection.count_documents({}) == 0
        assert await world.requests.holed("", 10) == []

    async def test_an_end_that_was_lost_is_asked_for_once_chat_tells_how_far_the_log_goes(
        self, world: World, healer: Healer, asked: Asked, ada: Visitor
    ) -> None:
        conversation_id = ada.conversation.id
        await world.hear(ada.writes("Un"))
        await world.hear(advanced(**{conversation_id: 1}))
        assert await world.missing.collection.count_documents({}) == 0, "nothing is missing"

        await world.hear(advanced(**{conversation_id: 3}))
        await later(world, GRACE)
        await healer.look()

        assert asked.wanted == [(conversation_id, 1)]

    async def test_a_conversation_that_was_never_heard_of_is_asked_for_whole(
        self, world: World, healer: Healer, asked: Asked
    ) -> None:
        conversation_id, empty = new_id(), new_id()
        await world.hear(advanced(**{conversation_id: 2, empty: 0}))
        await later(world, GRACE)
        await healer.look()

        assert asked.wanted == [(conversation_id, 0)]

    async def test_it_is_asked_for_again_until_it_is_there_and_less_and_less_often(
        self, world: World, healer: Healer, asked: Asked, ada: Visitor
    ) -> None:
        first, lost, third = ada.writes("Un"), ada.writes("Deux"), ada.writes("Trois")
        await world.hear(first, third)
        await healer.look()
        await later(world, GRACE)
        other = Healer(asked, world.requests, world.missing, asked.waiting)
        await asyncio.gather(healer.look(), other.look())
        assert len(asked.wanted) == 1, "two replicas ask once"

        for pause, times in ((AGAIN, 2), (AGAIN, 2), (AGAIN, 3)):
            await later(world, pause)
            await healer.look()
            assert len(asked.wanted) == times

        await world.hear(lost)
        await later(world, timedelta(hours=1))
        await healer.look()
        assert len(asked.wanted) == 3
        assert await world.missing.collection.count_documents({}) == 0

    async def test_what_could_not_be_asked_for_is_asked_for_later(
        self, world: World, healer: Healer, asked: Asked
    ) -> None:
        conversation_id = new_id()
        await world.hear(advanced(**{conversation_id: 2}))
        await later(world, GRACE)
        asked.away = True
        with pytest.raises(ConnectionError):
            await healer.look()

        asked.away = False
        await later(world, AGAIN)
        await healer.look()
        assert asked.wanted == [(conversation_id, 0)]

    async def test_only_what_is_missing_is_asked_for(
        self, world: World, healer: Healer, asked: Asked, ada: Visitor
    ) -> None:
        said = [ada.writes(str(n)) for n in range(9)]
        await world.hear(said[0], said[3], said[4], said[7])
        await world.hear(advanced(**{ada.conversation.id: 9}))
        await later(world, GRACE)
        await healer.look()

        assert asked.spans == [(1, 3), (5, 7), (8, 9)]

    async def test_nothing_is_asked_for_while_messages_lie_in_the_queue_unless_for_long(
        self, world: World, healer: Healer, asked: Asked, ada: Visitor
    ) -> None:
        first, _late, third = ada.writes("Un"), ada.writes("Deux"), ada.writes("Trois")
        await world.hear(first, third)
        await healer.look()
        asked.lying = 1
        await later(world, GRACE)
        await healer.look()
        assert asked.wanted == [], "it may be among those"

        await later(world, AT_LAST)
        await healer.look()
        assert asked.wanted == [(ada.conversation.id, 1)], "others may lie there for ever"

    async def test_many_that_nobody_can_fill_hide_no_other(
        self, world: World, healer: Healer, asked: Asked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("guichet_requests.request.missing._AT_ONCE", 2)
        ids = []
        for _ in range(5):
            visitor = Visitor(begun=now())
            ids.append(visitor.conversation.id)
            visitor.writes("lost")
            await world.hear(visitor.writes("Deux"))
        for _ in range(4):
            await healer.look()
            await later(world, GRACE)
        for _ in range(3):
            await healer.look()

        assert {one for one, _ in asked.wanted} == {*ids}

    async def test_looking_takes_few_reads_when_nothing_is_missing(
        self, world: World, healer: Healer, ada: Visitor
    ) -> None:
        await world.hear(ada.writes("Un"))
        assert await healer.look() == []
        plan = await world.requests.collection.find({"holed": True}).hint("holed").explain()
        assert plan["executionStats"]["totalDocsExamined"] == 0


class TestBehind:
    ITEM = Item("i", "r", NOON, "message", "chat", "inbound", Author("visitor", "v", None), "Un", seq=1)

    def test_it_is_the_age_of_what_came_last_then_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = [1000.0]
        monkeypatch.setattr("guichet_requests.request.behind.now", lambda: NOON + timedelta(seconds=7))
        monkeypatch.setattr("guichet_requests.request.behind.time.monotonic", lambda: clock[0])
        seen = Behind()
        assert seen.seconds() == 0
        seen.taken_in([self.ITEM])
        assert seen.seconds() == 7
        clock[0] += LATELY_SECONDS
        assert seen.seconds() == 0

    def test_what_is_missing_counts_for_as_long_as_it_is(self) -> None:
        seen = Behind()
        seen.missing = 90.0
        assert seen.seconds() == 90


class Chat:
    """Publishes entries as chat does, and answers whoever asks for some once more."""

    def __init__(self, publisher: EventPublisher, channel: aio_pika.abc.AbstractChannel) -> None:
        self._publisher, self.channel = publisher, channel
        self.log: list[chat.MessagePosted] = []

    async def publish(self, *events: Any) -> None:
        for event in events:
            await self._publisher.publish(event.model_dump(mode="json"))

    async def tell_for_ever(self, event: chat.LogAdvanced) -> None:
        """Tell it every second, whether or not a queue is there."""
        while True:
            with contextlib.suppress(PublishFailed):
                await self.publish(event)
            await asyncio.sleep(1)

    async def answer(self) -> EntriesWanted:
        """Wait until somebody asks, and publish again what they ask for."""
        queue = await self.channel.get_queue(CHAT_WANTED)
        async with asyncio.timeout(120), queue.iterator() as messages:
            async for message in messages:
                await message.ack()
                for event in map(EntriesWanted.model_validate, events_of(message.body)):
                    found = [one for one in self.log if one.subject == event.data.conversation_id]
                    if found:
                        await self.publish(*(one for one in found if one.data.entry.seq > event.data.after_seq))
                        return event
        raise AssertionError("nobody asked")


@pytest.fixture
async def speaking(rabbitmq_url: str, service: Service) -> AsyncIterator[Chat]:
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection, RabbitBroker(rabbitmq_url) as broker:
        yield Chat(EventPublisher(broker, Topology(SUBSCRIPTIONS)), await connection.channel())


async def said_to(service: Service, visitor: Visitor, count: int) -> list[str]:
    """The messages on the visitor's timeline, once there are so many."""
    async with asyncio.timeout(120):
        while True:
            request = await service.world.requests.current_of(visitor.id)
            if request is not None:
                told = [text for kind, text in await service.world.timeline(request.id) if kind == "message"]
                if len(told) == count:
                    return told
            await asyncio.sleep(0.1)


@pytest.mark.timeout(400)  # a service is started anew, and waits for its queue
class TestADeletedQueue:
    async def test_what_lay_in_it_is_on_the_timeline_afterwards(self, service: Service, speaking: Chat) -> None:
        ada, bea = Visitor("Ada", begun=now()), Visitor("Béa", begun=now())
        speaking.log = [ada.writes("Un"), ada.writes("Deux"), ada.writes("Trois")]
        await speaking.publish(speaking.log[0])
        await said_to(service, ada, 1)
        await asyncio.to_thread(service.process.kill)
        await speaking.publish(speaking.log[1], bea.writes("Jamais entendu"))  # confirmed, and in the queue
        await speaking.channel.queue_delete(REQUESTS_CONVERSATIONS)
        await asyncio.to_thread(service.process.start)

        await speaking.publish(speaking.log[2])

        assert (await speaking.answer()).data.after_seq == 1
        assert await said_to(service, ada, 3) == ["Un", "Deux", "Trois"]

    async def test_it_is_deleted_while_it_is_consumed_and_nobody_writes_again(
        self, service: Service, speaking: Chat
    ) -> None:
        ada = Visitor("Ada", begun=now())
        speaking.log = [ada.writes("Un"), ada.writes("Deux")]
        conversation_id = speaking.log[0].subject
        await speaking.publish(speaking.log[0])
        await said_to(service, ada, 1)
        await speaking.channel.queue_delete(REQUESTS_CONVERSATIONS)
        # What was published while there was no queue went to nobody. The log holds it all the same, which chat tells of
        # again and again.
        telling = asyncio.create_task(speaking.tell_for_ever(advanced(**{conversation_id: 2})))

        assert (await speaking.answer()).data.after_seq == 1
        assert await said_to(service, ada, 2) == ["Un", "Deux"]
        telling.cancel()


async def test_tails_of_what_was_heard_note_nothing(world: World, ada: Visitor) -> None:
    conversation_id = ada.conversation.id
    await world.hear(ada.writes("Un"), ada.writes("Deux"))
    assert await hear_of_tails(world.requests, world.missing, {conversation_id: 2}) == {}
    assert await hear_of_tails(world.requests, world.missing, {conversation_id: 3}) == {conversation_id: ((3, 3),)}
