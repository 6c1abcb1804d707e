"""Several events in one message, and many messages as one piece of work."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Sequence

import pytest
from faststream.rabbit import RabbitBroker
from guichet_kit.broker import EventPublisher, PublishFailed, Topology, durable_subscriber
from guichet_kit.broker import publish as publish_module
from guichet_kit.broker import together as together_module
from guichet_kit.broker.consume import ATTEMPT_HEADER, TRACE_HEADER
from guichet_kit.broker.together import Together
from guichet_kit.hearings import NotYet, waits
from pydantic import BaseModel

from .conftest import Inbox, Route, Thing, eventually, handled_by, running, unique


def numbers(things: Sequence[Thing]) -> list[int]:
    return [thing.data["n"] for thing in things]


def together(
    route: Route, batch: Callable[[Sequence[Thing]], Awaitable[Collection[int]]], alone: Inbox
) -> Callable[[RabbitBroker], object]:
    """Registers a consumer that takes batches, and what is left in ``alone``."""
    delays = route.topology.retry_delays
    return lambda broker: durable_subscriber(broker, route.queue, batch=batch, prefetch=100, retry_delays=delays)(
        alone.put
    )


class TestABatchOnTheWire:
    async def test_it_is_one_message_in_the_form_of_cloudevents(self, rabbitmq_url: str, route: Route) -> None:
        events = [route.event(n=n) for n in range(3)]
        async with running(rabbitmq_url, route.topology) as broker:
            await EventPublisher(broker, route.topology).publish_batch(events)
            message = await route.get()
        assert message.content_type == "application/cloudevents-batch+json"
        assert (message.type, message.message_id) == (route.event_type, events[0]["id"])
        assert json.loads(message.body) == events
        assert await route.count() == 0

    async def test_more_than_a_message_carries_become_several(
        self, rabbitmq_url: str, route: Route, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(publish_module, "BATCH_EVENTS", 2)
        async with running(rabbitmq_url, route.topology) as broker:
            await EventPublisher(broker, route.topology).publish_batch([route.event(n=n) for n in range(5)])
            bodies = [json.loads((await route.get()).body) for _ in range(3)]
        assert [len(body) if isinstance(body, list) else 1 for body in bodies] == [2, 2, 1]

    async def test_a_queue_that_takes_only_some_of_a_type_gets_those(self, rabbitmq_url: str, route: Route) -> None:
        picky = unique("tests.picky")
        topology = Topology({**route.topology.subscriptions, picky: (f"{route.event_type}.files",)}, retry_delays={})
        async with running(rabbitmq_url, topology) as broker:
            publisher = EventPublisher(broker, topology)
            await publisher.publish_batch([route.event(n=1)])
            await publisher.publish_batch([route.event(n=2)], also=(f"{route.event_type}.files",))
            both = [json.loads((await route.get()).body)["data"]["n"] for _ in range(2)]
            found = await (await route.channel.get_queue(picky)).get(no_ack=True, timeout=5)
            assert found is not None
            assert (both, json.loads(found.body)["data"]["n"]) == ([1, 2], 2)
        for name in (picky, f"{picky}.dlq"):
            await route.channel.queue_delete(name)


class TestABatchForAHandlerOfSingleEvents:
    async def test_each_is_handled_by_itself(self, rabbitmq_url: str, route: Route) -> None:
        inbox = Inbox()
        async with running(rabbitmq_url, route.topology, handled_by(route, inbox.put)) as broker:
            await EventPublisher(broker, route.topology).publish_batch([route.event(n=n) for n in range(5)])
            assert numbers(await inbox.holds(5)) == [0, 1, 2, 3, 4]

    async def test_one_that_fails_goes_its_own_way(self, rabbitmq_url: str, route: Route) -> None:
        inbox, failed = Inbox(), list[int]()

        async def handler(thing: Thing) -> None:
            if thing.data["n"] == 1 and not failed:
                failed.append(1)
                raise LookupError("not yet")
            await inbox.put(thing)

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await EventPublisher(broker, route.topology).publish_batch([route.event(n=n) for n in range(3)])
            assert numbers(await inbox.holds(3)) == [0, 2, 1]

    async def test_one_that_is_malformed_is_parked_alone(self, rabbitmq_url: str, route: Route) -> None:
        inbox, broken = Inbox(), {"id": "b", "type": "x", "data": 7}
        body = json.dumps([route.event(n=0), broken, route.event(n=2)]).encode()
        async with running(rabbitmq_url, route.topology, handled_by(route, inbox.put)):
            await route.put(body, content_type="application/cloudevents-batch+json")
            assert numbers(await inbox.holds(2)) == [0, 2]
            assert json.loads((await route.get(".dlq")).body) == broken


class TestManyMessagesAtOnce:
    async def test_what_arrives_while_a_batch_is_at_work_is_the_next_one(self, rabbitmq_url: str, route: Route) -> None:
        batches, alone, held = list[list[int]](), Inbox(), asyncio.Event()

        async def batch(things: Sequence[Thing]) -> Collection[int]:
            batches.append(numbers(things))
            if len(batches) == 1:
                await held.wait()
            return ()

        async with running(rabbitmq_url, route.topology, together(route, batch, alone)) as broker:
            publisher = EventPublisher(broker, route.topology)
            await publisher.publish(route.event(n=0))
            await eventually(lambda: asyncio.sleep(0, bool(batches)))
            for n in range(1, 9, 2):
                await publisher.publish_batch([route.event(n=n), route.event(n=n + 1)])
            held.set()
            await eventually(lambda: asyncio.sleep(0, sum(map(len, batches)) == 9))
        assert batches[0] == [0]
        assert [n for each in batches for n in each] == list(range(9))
        assert len(batches) < 5
        assert alone.things == []
        assert await route.count() == 0

    async def test_what_it_leaves_is_handled_alone(self, rabbitmq_url: str, route: Route) -> None:
        alone = Inbox()

        async def batch(things: Sequence[Thing]) -> Collection[int]:
            return [position for position, thing in enumerate(things) if thing.data["n"] % 2]

        async with running(rabbitmq_url, route.topology, together(route, batch, alone)) as broker:
            await EventPublisher(broker, route.topology).publish_batch([route.event(n=n) for n in range(4)])
            assert numbers(await alone.holds(2)) == [1, 3]

    async def test_a_batch_that_fails_is_handled_one_by_one(self, rabbitmq_url: str, route: Route) -> None:
        alone = Inbox()

        async def batch(things: Sequence[Thing]) -> Collection[int]:
            raise LookupError("one of them")

        async with running(rabbitmq_url, route.topology, together(route, batch, alone)) as broker:
            await EventPublisher(broker, route.topology).publish_batch([route.event(n=n) for n in range(3)])
            assert numbers(await alone.holds(3)) == [0, 1, 2]

    async def test_it_waits_for_what_is_away_and_parks_nothing(
        self, rabbitmq_url: str, route: Route, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(together_module, "_PAUSES", (0.01,))
        alone, tries, done = Inbox(), 0, asyncio.Event()

        async def batch(things: Sequence[Thing]) -> Collection[int]:
            nonlocal tries
            tries += 1
            if tries < 30:
                raise PublishFailed("away")
            done.set()
            return ()

        async with running(rabbitmq_url, route.topology, together(route, batch, alone)) as broker:
            await EventPublisher(broker, route.topology).publish_batch([route.event(n=n) for n in range(3)])
            async with asyncio.timeout(10):
                await done.wait()
        assert alone.things == []
        for suffix in ("", ".retry.short", ".dlq"):
            assert await route.count(suffix) == 0


class TestThePaceOfBatches:
    """Batches of `Together` alone: what is in question is when one begins."""

    FOREVER = 3600.0

    async def _given(self, together: Together, *events: list[int]) -> list[asyncio.Task[list[int]]]:
        handling = [asyncio.create_task(together.handle(some)) for some in events]
        for _ in range(10):
            await asyncio.sleep(0)
        return handling

    @pytest.fixture
    def batches(self) -> list[list[int]]:
        return []

    @pytest.fixture
    def together(self, batches: list[list[int]]) -> Together:
        async def batch(events: Sequence[int]) -> Collection[int]:
            batches.append(list(events))
            return ()

        return Together("queue", batch, most=4, pace=self.FOREVER)

    async def test_what_comes_alone_waits_for_nothing(self, together: Together, batches: list[list[int]]) -> None:
        (one,) = await self._given(together, [1])
        assert (one.done(), batches) == (True, [[1]])

    async def test_what_comes_soon_after_waits_for_as_many_as_a_batch_may_have(
        self, together: Together, batches: list[list[int]]
    ) -> None:
        await self._given(together, [1])
        waiting = await self._given(together, [2], [3])
        assert batches == [[1]]
        waiting += await self._given(together, [4, 5], [6])
        assert batches == [[1], [2, 3, 4, 5]]
        assert [one.done() for one in waiting] == [True, True, True, False]
        waiting[-1].cancel()


class TestAnEventThatIsPutOff:
    async def test_it_comes_again_and_knows_how_often(self, rabbitmq_url: str, route: Route) -> None:
        heard, done = list[int](), asyncio.Event()

        async def handler(thing: Thing) -> None:
            heard.append(waits.get())
            if len(heard) < 20:
                raise NotYet
            done.set()

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await EventPublisher(broker, route.topology).publish(route.event(n=1))
            async with asyncio.timeout(20):
                await done.wait()
        assert heard == list(range(20))  # more often than a failure would be tried
        assert await route.count(".dlq") == 0


class TestAHandlersOwnMistake:
    async def test_an_invalid_value_inside_a_handler_is_tried_again(self, rabbitmq_url: str, route: Route) -> None:
        class Strict(BaseModel):
            n: int

        inbox, tries = Inbox(), 0

        async def handler(thing: Thing) -> None:
            nonlocal tries
            tries += 1
            Strict(n="seven" if tries < 3 else 7)
            await inbox.put(thing)

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await EventPublisher(broker, route.topology).publish(route.event(n=1))
            await inbox.holds(1)

    async def test_what_is_parked_tells_where_it_failed(
        self, rabbitmq_url: str, route: Route, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("guichet_kit.broker.consume.MAX_ATTEMPTS", 1)

        async def handler(thing: Thing) -> None:
            raise LookupError("never")

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await EventPublisher(broker, route.topology).publish_batch([route.event(n=1), route.event(n=2)])
            parked = [await route.get(".dlq") for _ in range(2)]
        for message in parked:
            assert message.headers[ATTEMPT_HEADER] == 1
            assert "in handler" in str(message.headers[TRACE_HEADER])
            assert message.type == route.event_type
