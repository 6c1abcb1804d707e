"""Queues, exchanges and bindings on the broker, declared alike by whoever starts first."""

from typing import Any

import aio_pika
import pytest
from guichet_kit.broker import EVENTS_EXCHANGE, LIVE_EXCHANGE, RETRY_DELAYS, EventPublisher, Topology, waiting_in

from .conftest import Route, running, unique


class TestDeclaring:
    async def test_twice_is_as_good_as_once(self, route: Route) -> None:
        await route.topology.declare(route.channel)
        await route.put(b"kept")
        await route.topology.declare(route.channel)
        assert (await route.get()).body == b"kept"

    async def test_a_publisher_alone_makes_its_consumers_queues(self, rabbitmq_url: str, route: Route) -> None:
        async with running(rabbitmq_url, route.topology) as broker:
            await EventPublisher(broker, route.topology).publish(route.event())
        assert await route.count() == 1

    async def test_every_queue_is_a_durable_quorum_queue_whose_dead_letters_are_kept(self, route: Route) -> None:
        await route.topology.declare(route.channel)
        quorum = {"x-queue-type": "quorum"}
        kept = quorum | {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
        parking = {"x-dead-letter-exchange": "guichet.dlx", "x-dead-letter-routing-key": f"{route.queue}.dlq"}
        back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": route.queue}
        expected: dict[str, dict[str, Any]] = {
            "": kept | parking | {"x-delivery-limit": 50},
            ".dlq": quorum,
            ".retry.short": kept | back | {"x-message-ttl": 50},
            ".retry.long": kept | back | {"x-message-ttl": 200},
        }
        # The broker refuses a declaration that differs in any of them from what is there.
        for suffix, arguments in expected.items():
            await route.channel.declare_queue(f"{route.queue}{suffix}", durable=True, arguments=arguments)

    async def test_live_events_flow_from_one_exchange_to_the_other(self, rabbitmq_url: str, route: Route) -> None:
        topology = Topology({}, live=(route.event_type,))
        async with running(rabbitmq_url, topology) as broker:
            ear = await route.channel.declare_queue(unique("tests.ear"), exclusive=True)
            await ear.bind(LIVE_EXCHANGE, route.event_type)
            await EventPublisher(broker, topology).publish(route.event())
            assert await ear.get(timeout=5)
            await ear.delete()

    async def test_an_event_goes_to_each_queue_that_subscribes_to_its_type(self, route: Route) -> None:
        second = unique("tests.others")
        topology = Topology({route.queue: (route.event_type,), second: (route.event_type,)}, retry_delays={})
        await topology.declare(route.channel)
        events = await route.channel.get_exchange(EVENTS_EXCHANGE)
        await events.publish(aio_pika.Message(b"{}"), route.event_type)
        other = await route.channel.get_queue(second)
        assert await route.get()
        assert await other.get(no_ack=True, timeout=5)
        for name in (second, f"{second}.dlq"):
            await route.channel.queue_delete(name)


class TestWhatLiesInAQueue:
    async def test_it_is_counted_by_a_connection_of_its_own(self, rabbitmq_url: str, route: Route) -> None:
        await route.topology.declare(route.channel)
        assert await waiting_in(rabbitmq_url, route.queue) == 0
        await route.put(b"one")
        assert await waiting_in(rabbitmq_url, route.queue) == 1

    async def test_in_a_queue_that_is_not_there_lies_nothing(self, rabbitmq_url: str) -> None:
        assert await waiting_in(rabbitmq_url, unique("tests.nothing")) == 0

    async def test_a_broker_that_is_away_does_not_say(self) -> None:
        with pytest.raises(ConnectionError, match=r"requests\.conversations"):
            await waiting_in("amqp://guest:guest@127.0.0.1:1/", "requests.conversations")


class TestWhoListens:
    def test_a_type_has_a_subscriber_when_a_queue_takes_it(self) -> None:
        topology = Topology({"a.queue": ("one.v1", "two.v1")}, live=("three.v1",))
        assert topology.has_subscriber("two.v1")
        assert not topology.has_subscriber("three.v1")

    def test_delays_grow_from_seconds_to_minutes_unless_told_otherwise(self) -> None:
        assert Topology({}).retry_delays == RETRY_DELAYS == {"5s": 5_000, "30s": 30_000, "5m": 300_000}
