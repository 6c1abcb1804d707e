"""An event is saved with the state that it tells of; then it is published at least once, whatever dies."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest
from faststream.rabbit import RabbitBroker
from guichet_contracts.event import Event, Model
from guichet_kit import outbox as outbox_module
from guichet_kit import trace
from guichet_kit.broker import EventPublisher, Refused
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Collection, Database, Document, aggregate
from guichet_kit.outbox import OUTBOX_INDEX, OutboxRelay, pending, rewrite_pending

from .conftest import Route, eventually, running
from .wire import laid

LONG_AGO = timedelta(seconds=10)


class ThingData(Model):
    n: int


class ThingDone(Event[ThingData]):
    source: Literal["guichet/tests"] = "guichet/tests"


@pytest.fixture
def route(route: Route) -> Route:
    """A route that is only published on: it needs no retry queues."""
    return replace(route, topology=replace(route.topology, retry_delays={}))


@pytest.fixture
async def things(database: Database) -> Collection:
    await database["things"].create_indexes([OUTBOX_INDEX])
    return database["things"]


@pytest.fixture
async def broker(rabbitmq_url: str, route: Route) -> AsyncIterator[RabbitBroker]:
    async with running(rabbitmq_url, route.topology) as started:
        yield started


@pytest.fixture
def relay(broker: RabbitBroker, route: Route, things: Collection) -> OutboxRelay:
    return OutboxRelay(EventPublisher(broker, route.topology), [things])


def entry(route: Route, n: int, age: timedelta = timedelta()) -> Document:
    event = ThingDone(id=new_id(), type=route.event_type, time=now(), subject="thing", data=ThingData(n=n))
    return pending(event) | {"at": now() - age}


async def save(things: Collection, *entries: Document, **fields: Any) -> str:
    """Write a document with its events, as a use case does in one write; its id."""
    document_id = new_id()
    await things.insert_one({"_id": document_id, "outbox": list(entries), **fields})
    return document_id


async def left(things: Collection) -> int:
    return await things.count_documents({"outbox.0": {"$exists": True}})


async def received(route: Route, count: int) -> list[int]:
    """The numbers of the next ``count`` events in the queue, sorted; there must be no more."""
    numbers: list[int] = []
    while len(numbers) < count:
        body = json.loads((await route.get()).body)
        numbers += [event["data"]["n"] for event in (body if isinstance(body, list) else [body])]
    assert await route.count() == 0
    return sorted(numbers)


class TestAnEventThatIsOffered:
    async def test_it_is_published_in_its_wire_form_and_pulled(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        trace.continue_trace(None)
        saved = entry(route, 1)
        document_id = await save(things, saved, name="kept")
        async with relay.running():
            relay.offer(things, document_id, [saved])
            message = await route.get()
            await eventually(lambda: is_done(things))
        assert json.loads(message.body) == saved["event"]
        assert message.headers["traceparent"] == trace.traceparent.get()
        assert await things.find_one({"_id": document_id}) == {"_id": document_id, "name": "kept", "outbox": []}

    async def test_an_event_that_was_added_meanwhile_stays(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        first, second = entry(route, 1), entry(route, 2)
        document_id = await save(things, first, second)
        async with relay.running():
            relay.offer(things, document_id, [first])
        assert await received(route, 1) == [1]
        found = await things.find_one({"_id": document_id})
        assert found is not None
        assert [event["id"] for event in found["outbox"]] == [second["id"]]

    async def test_a_stop_publishes_what_waits(self, relay: OutboxRelay, things: Collection, route: Route) -> None:
        async with relay.running():
            for n in range(100):
                saved = entry(route, n)
                relay.offer(things, await save(things, saved), [saved])
        assert await left(things) == 0
        assert await received(route, 100) == list(range(100))

    async def test_an_offer_never_fails_though_too_many_wait(self, relay: OutboxRelay, things: Collection) -> None:
        for n in range(20_000):
            relay.offer(things, n, [{}])

    async def test_one_that_no_queue_takes_stays_for_the_sweep(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        await route.channel.queue_delete(route.queue)
        saved = entry(route, 1)
        async with relay.running():
            relay.offer(things, await save(things, saved), [saved])
        assert await left(things) == 1
        await route.topology.declare(route.channel)


class TestAnEventThatACrashLeft:
    async def test_the_sweep_publishes_it_once_it_is_old_enough(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        await save(things, entry(route, 1, LONG_AGO))
        await save(things, entry(route, 2))
        assert await relay.sweep(things) == 1
        assert await relay.sweep(things) == 0
        assert await received(route, 1) == [1]
        assert await left(things) == 1

    async def test_two_sweepers_at_once_publish_each_one_once(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        for n in range(30):
            await save(things, entry(route, n, LONG_AGO))
        counts = await asyncio.gather(relay.sweep(things), relay.sweep(things))
        assert sum(counts) == 30
        assert await received(route, 30) == list(range(30))
        assert await left(things) == 0

    async def test_one_under_a_lease_is_left_until_the_lease_is_over(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        await save(things, entry(route, 1, LONG_AGO), outbox_lease=now() + timedelta(seconds=30))
        await save(things, entry(route, 2, LONG_AGO), outbox_lease=now() - timedelta(seconds=1))
        assert await relay.sweep(things) == 1
        assert await received(route, 1) == [2]

    async def test_a_lease_goes_with_the_event(self, relay: OutboxRelay, things: Collection, route: Route) -> None:
        document_id = await save(things, entry(route, 1, LONG_AGO))
        await relay.sweep(things)
        assert await things.find_one({"_id": document_id}) == {"_id": document_id, "outbox": []}

    async def test_the_sweep_reads_only_the_index_of_what_is_left_over(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        await things.insert_many([{"_id": n, "outbox": []} for n in range(200)])
        await save(things, entry(route, 1, LONG_AGO))
        await relay.sweep(things)
        used = {index["name"]: index["accesses"]["ops"] for index in await aggregate(things, [{"$indexStats": {}}])}
        assert used["outbox"] == 2


class TestABrokerThatIsAway:
    async def test_the_event_stays_and_is_published_when_the_broker_is_back(
        self, rabbitmq_url: str, things: Collection, route: Route, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in (("SWEEP_SECONDS", 0.1), ("MIN_AGE", timedelta()), ("RETRY_AFTER", timedelta())):
            monkeypatch.setattr(outbox_module, name, value)
        async with laid(rabbitmq_url) as wire, running(wire.url, route.topology) as broker:
            relay = OutboxRelay(EventPublisher(broker, route.topology), [things])
            wire.cut()
            async with relay.running():
                saved = entry(route, 1)
                document_id = await save(things, saved)
                relay.offer(things, document_id, [saved])
                await eventually(lambda: was_tried(things))
                assert await left(things) == 1
                await wire.mend()
                await eventually(lambda: is_done(things))
        # At least once: the sweep may overtake the offer here, where it does not wait for its turn.
        assert json.loads((await route.get()).body) == saved["event"]

    async def test_one_that_cannot_be_published_lets_the_others_go_first(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        stuck = entry(route, 1, LONG_AGO * 2)
        stuck["event"]["type"] = f"{route.event_type}.unheard"
        relay = OutboxRelay(ExceptFor(relay._publisher, stuck["id"]), [things])
        await save(things, stuck)
        await save(things, entry(route, 2, LONG_AGO))
        assert await relay.sweep(things) == 1
        assert await received(route, 1) == [2]

    async def test_more_of_them_than_a_sweep_takes_at_once_keep_nobody_waiting(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        # Nothing is bound for these: the broker refuses each of them, as it does a message that is too large.
        for n in range(120):
            stuck = entry(route, n, LONG_AGO * 2)
            stuck["event"]["type"] = f"{route.event_type}.unheard"
            await save(things, stuck)
        await save(things, entry(route, 1000, LONG_AGO))
        unheard = {"nobody": (f"{route.event_type}.unheard",)}
        topology = replace(route.topology, subscriptions={**route.topology.subscriptions, **unheard})
        relay = OutboxRelay(EventPublisher(relay._publisher._broker, topology), [things])
        assert await relay.sweep(things) == 1
        assert await received(route, 1) == [1000]
        assert await left(things) == 120

    async def test_each_refusal_doubles_the_time_until_the_next_attempt(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        stuck = entry(route, 1, LONG_AGO)
        relay = OutboxRelay(ExceptFor(relay._publisher, stuck["id"]), [things])
        document_id, waits = await save(things, stuck), []
        for _ in range(3):
            await relay.sweep(things)
            found = await things.find_one({"_id": document_id})
            assert found is not None
            waits.append(round((found["outbox_lease"] - now()).total_seconds()))
            await things.update_one({"_id": document_id}, {"$set": {"outbox_lease": now() - LONG_AGO}})
        assert waits == [3, 6, 12]


class TestAnEventWithKeysBesidesItsType:
    async def test_reaches_those_who_bind_only_them_and_the_others_do_not(
        self, relay: OutboxRelay, things: Collection, route: Route
    ) -> None:
        picky = f"{route.queue}.picky"
        topology = replace(route.topology, subscriptions={picky: (f"{route.event_type}.odd",)})
        await topology.declare(route.channel)

        def also(event: Document) -> Sequence[str]:
            return (f"{route.event_type}.odd",) if event["data"]["n"] % 2 else ()

        relay = OutboxRelay(relay._publisher, [things], also)
        for n in range(4):
            await save(things, entry(route, n, LONG_AGO))
        assert await relay.sweep(things) == 4
        odd = await received(replace(route, queue=picky), 2)
        assert sorted(odd) == [1, 3]
        assert sorted(await received(route, 4)) == [0, 1, 2, 3]
        for suffix in ("", ".dlq"):
            await route.channel.queue_delete(f"{picky}{suffix}")


class TestAnEventThatIsRewritten:
    async def test_what_was_added_meanwhile_stays_and_what_was_published_stays_gone(
        self, things: Collection, route: Route
    ) -> None:
        first, second, third = (entry(route, n) for n in (1, 2, 3))
        document_id = await save(things, first, second)

        def forget(event: Document) -> Document:
            return {**event, "data": {"n": -1}}

        class Meanwhile:
            """The collection, whose document changes right after it was read."""

            async def find_one(self, *args: Any) -> Document | None:
                found = await things.find_one(*args)
                change = {"$set": {"outbox": [second, third]}}
                await things.update_one({"_id": document_id}, change)
                return found

            def __getattr__(self, name: str) -> Any:
                return getattr(things, name)

        await rewrite_pending(Meanwhile(), document_id, forget)  # type: ignore[arg-type]
        found = await things.find_one({"_id": document_id})
        assert found is not None
        assert [(one["id"], one["event"]["data"]["n"]) for one in found["outbox"]] == [
            (second["id"], -1),
            (third["id"], 3),
        ]


class TestAnErrorThatNobodyForesaw:
    async def test_it_does_not_end_the_relay(
        self, relay: OutboxRelay, things: Collection, route: Route, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outbox_module, "SWEEP_SECONDS", 0.05)
        async with relay.running():
            for _ in range(50):
                relay.offer(things, "malformed", [{"no": "event"}])
            await things.insert_one({"_id": "malformed", "outbox": [{"at": now() - LONG_AGO}]})
            await eventually(lambda: was_tried(things))
            saved = entry(route, 1)
            relay.offer(things, await save(things, saved), [saved])
            swept = entry(route, 2, LONG_AGO)
            await save(things, swept)
            assert await received(route, 2) == [1, 2]


class ExceptFor(EventPublisher):
    """Publishes every event but one."""

    def __init__(self, publisher: EventPublisher, event_id: str) -> None:
        self._publisher, self._refused = publisher, event_id

    async def publish_batch(self, events: Sequence[Mapping[str, Any]], *, also: Sequence[str] = ()) -> None:
        if self._refused in [event["id"] for event in events]:
            raise Refused("refused")
        await self._publisher.publish_batch(events, also=also)


async def is_done(things: Collection) -> bool:
    return await left(things) == 0


async def was_tried(things: Collection) -> bool:
    return await things.count_documents({"outbox_lease": {"$exists": True}}) > 0
