"""RabbitMQ goes away and comes back: the connection is made again, and everything works as before."""

import asyncio
import time

import pytest
from faststream.rabbit import RabbitBroker
from guichet_kit.broker import (
    EventPublisher,
    LiveFeed,
    LivePublisher,
    PublishFailed,
    Topology,
    durable_subscriber,
    live_subscriber,
)
from guichet_local.testing import RabbitMQServer

from .conftest import Inbox, Route, Thing, eventually, handled_by, running, unique
from .wire import laid


class TestTheFeed:
    async def test_it_follows_the_connection_and_tells_each_return(self, rabbitmq_url: str) -> None:
        feed, told = LiveFeed(), list[str]()

        async def broken() -> None:
            raise LookupError("in no state to hear it")

        async def tell() -> None:
            told.append("back" if feed.connected else "gone")

        async with laid(rabbitmq_url) as wire:
            assert not feed.connected
            async with running(wire.url, Topology({}), feed=feed):
                assert feed.connected
                feed.when_back(broken)
                feed.when_back(tell)
                for count in (1, 2):
                    wire.cut()
                    await eventually(lambda: asyncio.sleep(0, not feed.connected))
                    await wire.mend()
                    await eventually(lambda count=count: asyncio.sleep(0, len(told) == count))
            assert not feed.connected
        assert told == ["back", "back"]


class TestTheStart:
    async def test_it_waits_for_a_broker_that_is_not_there_yet(self, rabbitmq_url: str, route: Route) -> None:
        async with laid(rabbitmq_url) as wire:
            wire.cut()
            asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(wire.mend()))
            async with running(wire.url, route.topology) as broker:
                await EventPublisher(broker, route.topology).publish(route.event())
        assert await route.count() == 1

    async def test_it_gives_up_in_time(self, rabbitmq_url: str) -> None:
        async with laid(rabbitmq_url) as wire:
            wire.cut()
            begun = time.monotonic()
            with pytest.raises(TimeoutError):
                async with running(wire.url, Topology({}), timeout=0.5):
                    raise AssertionError("started without a broker")
            assert time.monotonic() - begun < 2


class TestTheStop:
    async def test_it_ends_though_the_broker_is_away(self, rabbitmq_url: str, route: Route) -> None:
        async with (
            asyncio.timeout(5),
            laid(rabbitmq_url) as wire,
            running(wire.url, route.topology, handled_by(route, Inbox().put)),
        ):
            wire.cut()

    async def test_nothing_of_it_goes_on_afterwards(self, rabbitmq_url: str, route: Route) -> None:
        before = asyncio.all_tasks()
        async with laid(rabbitmq_url) as wire:
            async with running(wire.url, route.topology, handled_by(route, Inbox().put)):
                wire.cut()
            await eventually(lambda: asyncio.sleep(0, asyncio.all_tasks() <= before))


class TestACutWhileAMessageIsHandled:
    async def test_the_message_is_delivered_again(self, rabbitmq_url: str, route: Route) -> None:
        taken, release, inbox = asyncio.Event(), asyncio.Event(), Inbox()

        async def handler(thing: Thing) -> None:
            taken.set()
            await release.wait()
            await inbox.put(thing)

        async with laid(rabbitmq_url) as wire, running(wire.url, route.topology, handled_by(route, handler)) as broker:
            await EventPublisher(broker, route.topology).publish(route.event())
            await taken.wait()
            wire.cut()
            await wire.mend()
            # Its acknowledgement went nowhere: the broker gives it out again, and only then forgets it.
            release.set()
            assert len({thing.id for thing in await inbox.holds(2)}) == 1
        assert await route.count() == 0


class TestARealRestart:
    async def test_publishing_consuming_and_the_live_edge_work_again_after_it(
        self, rabbitmq_server: RabbitMQServer
    ) -> None:
        queue, event_type = unique("tests.things"), unique("tests.thing.done")
        topology = Topology({queue: (event_type,)}, live=(event_type,), retry_delays={"short": 50})
        durable, live, feed, back = Inbox(), Inbox(), LiveFeed(), asyncio.Event()

        async def tell() -> None:
            back.set()

        def subscribe(broker: RabbitBroker) -> None:
            durable_subscriber(broker, queue, retry_delays=topology.retry_delays)(durable.put)
            live_subscriber(broker, "tests")(live.put)

        async with running(rabbitmq_server.url, topology, subscribe, feed) as broker:
            feed.when_back(tell)
            publisher, signs = EventPublisher(broker, topology), LivePublisher(broker)
            await publisher.publish(thing(event_type, 1))
            await durable.holds(1)
            await live.holds(1)

            await rabbitmq_server.stop()
            begun = time.monotonic()
            with pytest.raises(PublishFailed):
                await publisher.publish(thing(event_type, 2))
            assert time.monotonic() - begun < 6
            await rabbitmq_server.start()
            async with asyncio.timeout(20):
                await back.wait()

            await publisher.publish(thing(event_type, 3))
            await signs.publish("tests.sign", thing("tests.sign", 4))
            assert [seen.data["n"] for seen in await live.holds(3)] == [1, 3, 4]
            async with asyncio.timeout(20):
                while 3 not in (seen := [one.data["n"] for one in durable.things]):
                    await asyncio.sleep(0.05)
            # The first comes again where its acknowledgement was lost with the broker; the refused one never does.
            assert sorted(set(seen)) == [1, 3]


def thing(event_type: str, n: int) -> dict[str, object]:
    return {"id": str(n), "type": event_type, "data": {"n": n}}


class TestABrokerThatIsHalfThere:
    async def test_a_start_waits_while_connections_are_taken_and_closed(self, rabbitmq_url: str, route: Route) -> None:
        # As a proxy or a Kubernetes service does whose broker is not up yet.
        async with laid(rabbitmq_url) as wire:
            wire.slam()
            asyncio.get_running_loop().call_later(1.0, lambda: asyncio.ensure_future(wire.mend()))
            async with running(wire.url, route.topology) as broker:
                await EventPublisher(broker, route.topology).publish(route.event())
        assert await route.count() == 1

    async def test_a_reconnection_through_it_declares_the_topology_all_the_same(
        self, rabbitmq_url: str, route: Route
    ) -> None:
        feed = LiveFeed()
        async with laid(rabbitmq_url) as wire, running(wire.url, route.topology, feed=feed) as broker:
            wire.cut()
            await route.channel.queue_delete(route.queue)
            wire.slam()
            await wire.open()
            await asyncio.sleep(1.5)
            await wire.mend()
            publisher = EventPublisher(broker, route.topology)
            await eventually(lambda: is_taken(publisher, route))
        assert await route.count() == 1


class TestAQueueThatIsDeleted:
    async def test_it_is_made_again_with_its_bindings_and_whoever_may_have_missed_something_is_told(
        self, rabbitmq_url: str, route: Route
    ) -> None:
        inbox, feed, told = Inbox(), LiveFeed(), asyncio.Event()

        async def tell() -> None:
            told.set()

        async with running(rabbitmq_url, route.topology, handled_by(route, inbox.put), feed) as broker:
            feed.when_back(tell)
            publisher = EventPublisher(broker, route.topology)
            await publisher.publish(route.event(n=1))
            await inbox.holds(1)
            await route.channel.queue_delete(route.queue)
            async with asyncio.timeout(20):
                await told.wait()
            await eventually(lambda: takes(publisher, route, inbox))

    async def test_one_that_nobody_consumes_here_is_found_by_a_look(
        self, rabbitmq_url: str, route: Route, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("guichet_kit.broker.connection.VERIFY_SECONDS", 0.2)
        feed, told = LiveFeed(), asyncio.Event()

        async def tell() -> None:
            told.set()

        async with running(rabbitmq_url, route.topology, feed=feed) as broker:
            feed.when_back(tell)
            await route.channel.queue_delete(f"{route.queue}.retry.short")
            await route.channel.queue_delete(route.queue)
            async with asyncio.timeout(20):
                await told.wait()
            await EventPublisher(broker, route.topology).publish(route.event())
        assert await route.count() == 1


class TestABrokerThatTakesNothing:
    async def test_an_alarm_is_being_away(self, rabbitmq_server: RabbitMQServer) -> None:
        feed, topology = LiveFeed(), Topology({unique("tests.alarm"): ("tests.alarm",)}, retry_delays={})
        async with running(rabbitmq_server.url, topology, feed=feed) as broker:
            await rabbitmq_server.takes_nothing(True)
            try:
                with pytest.raises(PublishFailed):
                    await EventPublisher(broker, topology).publish(thing("tests.alarm", 1))
                await eventually(lambda: asyncio.sleep(0, not feed.connected))
            finally:
                await rabbitmq_server.takes_nothing(False)
            await eventually(lambda: asyncio.sleep(0, feed.connected))


class TestThoseWhoAreToldOfAReturn:
    async def test_whoever_fails_is_told_again_until_they_succeed(self, rabbitmq_url: str) -> None:
        feed, tries = LiveFeed(), 0

        async def database_away() -> None:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise ConnectionError("the database is away")

        async with laid(rabbitmq_url) as wire, running(wire.url, Topology({}), feed=feed):
            feed.when_back(database_away)
            wire.cut()
            await wire.mend()
            await eventually(lambda: asyncio.sleep(0, tries == 3))


async def is_taken(publisher: EventPublisher, route: Route) -> bool:
    try:
        await publisher.publish(route.event())
    except PublishFailed:
        return False
    return True


async def takes(publisher: EventPublisher, route: Route, inbox: Inbox) -> bool:
    try:
        await publisher.publish(route.event(n=2))
    except PublishFailed:
        return False
    return 2 in [thing.data["n"] for thing in inbox.things]
