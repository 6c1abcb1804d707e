"""The live edge: every process hears everything, through a queue of its own."""

from collections.abc import Callable

from faststream.rabbit import RabbitBroker
from guichet_kit.broker import EventPublisher, LivePublisher, Topology, live_subscriber

from .conftest import Handler, Inbox, Route, Thing, running


def heard_by(handler: Handler) -> Callable[[RabbitBroker], object]:
    return lambda broker: live_subscriber(broker, "tests")(handler)


def only(route: Route, inbox: Inbox) -> Handler:
    """A handler that remembers what is of this test: the live edge is shared by all that run."""

    async def handler(thing: Thing) -> None:
        if thing.type == route.event_type:
            await inbox.put(thing)

    return handler


class TestTwoProcesses:
    async def test_each_hears_every_event_and_every_sign(self, rabbitmq_url: str, route: Route) -> None:
        topology = Topology({}, live=(route.event_type,))
        one, two = Inbox(), Inbox()
        async with (
            running(rabbitmq_url, topology, heard_by(only(route, one))) as first,
            running(rabbitmq_url, topology, heard_by(only(route, two))) as second,
        ):
            events, signs = EventPublisher(first, topology), LivePublisher(second)
            for n in range(3):
                await events.publish(route.event(n=n))
                await signs.publish(f"{route.event_type}.typing", route.event(n=n))
            assert sorted(thing.data["n"] for thing in await one.holds(6)) == [0, 0, 1, 1, 2, 2]
            assert sorted(thing.data["n"] for thing in await two.holds(6)) == [0, 0, 1, 1, 2, 2]

    async def test_what_happened_before_the_start_is_not_heard(self, rabbitmq_url: str, route: Route) -> None:
        topology, inbox = Topology({}, live=(route.event_type,)), Inbox()
        async with running(rabbitmq_url, topology) as broker:
            publisher = EventPublisher(broker, topology)
            await publisher.publish(route.event(n=1))
            async with running(rabbitmq_url, topology, heard_by(only(route, inbox))):
                await publisher.publish(route.event(n=2))
                assert [thing.data["n"] for thing in await inbox.holds(1)] == [2]


class TestAMessageThatCannotBeHandled:
    async def test_the_next_ones_are_heard_all_the_same(self, rabbitmq_url: str, route: Route) -> None:
        inbox = Inbox()

        async def handler(thing: Thing) -> None:
            if thing.type == route.event_type:
                if thing.data["n"] == 1:
                    raise LookupError("no such thing")
                await inbox.put(thing)

        async with running(rabbitmq_url, Topology({}), heard_by(handler)) as broker:
            signs = LivePublisher(broker)
            await signs.publish("tests.sign", {"not": "a thing"})
            await signs.publish("tests.sign", route.event(n=1))
            await signs.publish("tests.sign", route.event(n=2))
            assert [thing.data["n"] for thing in await inbox.holds(1)] == [2]
