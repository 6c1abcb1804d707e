"""The live edge: replicas tell each other at once, know when they are cut off, and send what was lost again."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from guichet_kit.broker import EventPublisher, LiveEdge, Topology
from guichet_kit.broker import live as live_module
from guichet_local.testing import RabbitMQServer

from .conftest import Route, eventually, running, unique
from .wire import laid


class Replica:
    """An end of the live edge that remembers what it hears."""

    def __init__(self, url: str, group: str) -> None:
        self.edge = LiveEdge(url, group, unique("replica"))
        self.lines: list[bytes] = []
        self.returns = 0
        self.edge.on_lines(self.lines.extend)

    async def came_back(self) -> None:
        self.returns += 1

    async def has(self, *lines: bytes) -> None:
        await eventually(lambda: asyncio.sleep(0, self.lines == list(lines)))

    async def is_connected(self, connected: bool = True) -> None:
        await eventually(lambda: asyncio.sleep(0, self.edge.connected == connected))


@asynccontextmanager
async def replicas(*urls: str) -> AsyncIterator[list[Replica]]:
    group = unique("tests")
    made = [Replica(url, group) for url in urls]
    async with asyncio.TaskGroup() as tasks:
        for one in made:
            tasks.create_task(_run(one))
        for one in made:
            await one.is_connected()
        yield made
        for one in made:
            one.stop.set()  # type: ignore[attr-defined]


async def _run(replica: Replica) -> None:
    stop = replica.stop = asyncio.Event()  # type: ignore[attr-defined]
    async with replica.edge.running():
        await stop.wait()


class TestWhatAReplicaSends:
    async def test_the_others_hear_it_in_order_and_it_does_not(self, rabbitmq_url: str) -> None:
        async with replicas(rabbitmq_url, rabbitmq_url, rabbitmq_url) as (one, two, three):
            sent = [b"%d" % n for n in range(500)]
            for n, line in enumerate(sent):
                one.edge.send(line)
                if n % 50 == 0:
                    await asyncio.sleep(0.001)
            await two.has(*sent)
            await three.has(*sent)
            assert one.lines == []

    async def test_lines_that_wait_together_travel_as_one_message(
        self, rabbitmq_url: str, channel: AbstractChannel
    ) -> None:
        async with replicas(rabbitmq_url) as (one,):
            ear = await channel.declare_queue(unique("tests.ear"), exclusive=True)
            await ear.bind("guichet.live", one.edge._key)
            for n in range(50):
                one.edge.send(b"%d" % n)
            message = await ear.get(timeout=5)
            assert message is not None
            assert message.body.split(b"\n") == [b"%d" % n for n in range(50)]
            assert message.delivery_mode == aio_pika.DeliveryMode.NOT_PERSISTENT
            await ear.delete()

    async def test_another_service_does_not_hear_it(self, rabbitmq_url: str) -> None:
        async with replicas(rabbitmq_url) as (one,), replicas(rabbitmq_url) as (other,):
            one.edge.send(b"for us")
            other.edge.send(b"for them")
            await asyncio.sleep(0.3)
            assert (one.lines, other.lines) == ([], [])

    async def test_events_that_are_shown_live_are_heard_single_and_in_batches(
        self, rabbitmq_url: str, route: Route
    ) -> None:
        event_type = f"{route.event_type}.v1"
        topology, heard = Topology({}, live=(event_type,)), list[tuple[str, int]]()
        async with replicas(rabbitmq_url) as (one,), running(rabbitmq_url, topology) as broker:
            one.edge.on_events(lambda kind, events: heard.extend((kind, e["data"]["n"]) for e in events))
            publisher = EventPublisher(broker, topology)
            await publisher.publish(route.event(n=1) | {"type": event_type})
            await publisher.publish_batch([route.event(n=n) | {"type": event_type} for n in (2, 3)])
            await eventually(lambda: asyncio.sleep(0, len(mine(heard, event_type)) == 3))
        assert mine(heard, event_type) == [1, 2, 3]


def mine(heard: list[tuple[str, int]], event_type: str) -> list[int]:
    return [n for kind, n in heard if kind == event_type]


class TestALineThatIsCut:
    async def test_the_replica_knows_it_and_what_it_said_meanwhile_is_heard_after_the_return(
        self, rabbitmq_url: str
    ) -> None:
        async with laid(rabbitmq_url) as wire, replicas(wire.url, rabbitmq_url) as (one, two):
            one.edge.when_back(one.came_back)
            one.edge.send(b"before")
            await two.has(b"before")
            wire.cut()
            await one.is_connected(False)
            one.edge.send(b"meanwhile 1")
            one.edge.send(b"meanwhile 2")
            await wire.mend()
            await two.has(b"before", b"meanwhile 1", b"meanwhile 2")
            await one.is_connected()
            await eventually(lambda: asyncio.sleep(0, one.returns >= 1))

    async def test_a_cut_that_is_mended_before_a_beat_is_missed_is_one_too(
        self, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # What others sent before there was a new queue came to nobody.
        monkeypatch.setattr(live_module, "CUT_OFF_SECONDS", 600.0)
        async with laid(rabbitmq_url) as wire, replicas(wire.url) as (one,):
            await eventually(lambda: asyncio.sleep(0, one.edge._was_connected))
            one.edge.when_back(one.came_back)
            wire.cut()
            await wire.mend()
            await eventually(lambda: asyncio.sleep(0, one.returns >= 1))

    async def test_a_line_that_swallows_everything_is_noticed(self, rabbitmq_url: str) -> None:
        async with laid(rabbitmq_url) as wire, replicas(wire.url, rabbitmq_url) as (one, two):
            wire.hold()
            one.edge.send(b"said into the void")
            await one.is_connected(False)
            assert two.edge.connected
            await wire.mend()
            await two.has(b"said into the void")

    async def test_whoever_is_told_of_the_return_is_told_until_they_succeed(self, rabbitmq_url: str) -> None:
        tries = 0

        async def database_away() -> None:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise ConnectionError("the database is away")

        async with laid(rabbitmq_url) as wire, replicas(wire.url) as (one,):
            one.edge.when_back(database_away)
            wire.cut()
            await one.is_connected(False)
            await wire.mend()
            await eventually(lambda: asyncio.sleep(0, tries == 3))


class TestABrokerThatTakesNothing:
    async def test_a_memory_alarm_is_being_cut_off_for_every_replica(self, rabbitmq_server: RabbitMQServer) -> None:
        async with replicas(rabbitmq_server.url, rabbitmq_server.url) as (one, two):
            await rabbitmq_server.takes_nothing(True)
            try:
                one.edge.send(b"during the alarm")
                await one.is_connected(False)
                await two.is_connected(False)  # it has said nothing, and must know all the same
            finally:
                await rabbitmq_server.takes_nothing(False)
            # What was said meanwhile may be lost with the connection: whoever was cut off reads the log.
            await one.is_connected()
            await two.is_connected()
            one.edge.send(b"after the alarm")
            await eventually(lambda: asyncio.sleep(0, two.lines[-1:] == [b"after the alarm"]))

    async def test_a_frozen_broker_is_being_cut_off(self, rabbitmq_server: RabbitMQServer) -> None:
        async with replicas(rabbitmq_server.url) as (one,):
            rabbitmq_server.signal(signal.SIGSTOP)
            try:
                await one.is_connected(False)
            finally:
                rabbitmq_server.signal(signal.SIGCONT)
            await one.is_connected()
