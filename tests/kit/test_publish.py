"""A publish ends in time: the broker has the message in a queue, or the caller knows that it may not."""

import asyncio
import json
import time
from typing import Any

import pytest
from aio_pika.abc import DeliveryMode
from guichet_kit.broker import EventPublisher, LiveFeed, LivePublisher, PublishFailed, Topology, connect_broker
from guichet_kit.broker import publish as publish_module

from .conftest import Route, running, unique
from .wire import laid

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_module, "PUBLISH_TIMEOUT", 0.5)


class TestAConfirmedPublish:
    async def test_the_event_is_in_its_queue_in_its_wire_form(self, rabbitmq_url: str, route: Route) -> None:
        event = route.event(n=1)
        async with running(rabbitmq_url, route.topology) as broker:
            await EventPublisher(broker, route.topology).publish(event, TRACEPARENT)
            # No wait: a publish that returned is in the queue.
            assert await route.count() == 1
        message = await route.get()
        assert json.loads(message.body) == event
        assert (message.message_id, message.type, message.routing_key) == (event["id"], event["type"], event["type"])
        assert (message.content_type, message.correlation_id) == ("application/json", "request-1")
        assert message.delivery_mode == DeliveryMode.PERSISTENT
        assert message.headers["traceparent"] == TRACEPARENT

    async def test_an_event_that_nobody_subscribes_to_needs_no_queue(self, rabbitmq_url: str) -> None:
        topology = Topology({})
        async with running(rabbitmq_url, topology) as broker:
            event = {"id": "1", "type": unique("tests.thing.unheard")}
            await EventPublisher(broker, topology).publish(event)

    async def test_a_sign_on_the_live_edge_needs_nobody_to_hear_it(self, rabbitmq_url: str) -> None:
        async with running(rabbitmq_url, Topology({})) as broker:
            await LivePublisher(broker).publish(unique("tests.typing"), {"on": True})


class TestAFailedPublish:
    async def test_an_event_with_a_subscriber_but_no_queue_is_refused(self, rabbitmq_url: str, route: Route) -> None:
        async with running(rabbitmq_url, Topology({})) as broker:
            with pytest.raises(PublishFailed):
                await EventPublisher(broker, route.topology).publish(route.event())

    async def test_an_event_that_a_full_queue_refuses_is_refused(self, rabbitmq_url: str, route: Route) -> None:
        full: dict[str, Any] = {"x-max-length": 1, "x-overflow": "reject-publish"}
        queue = await route.channel.declare_queue(route.queue, durable=True, arguments=full)
        async with running(rabbitmq_url, Topology({})) as broker:
            await queue.bind("guichet.events", route.event_type)
            publisher = EventPublisher(broker, route.topology)
            await publisher.publish(route.event())
            with pytest.raises(PublishFailed):
                await publisher.publish(route.event())

    async def test_a_broker_that_never_started_is_no_broker(self, rabbitmq_url: str, route: Route) -> None:
        broker = connect_broker(rabbitmq_url, "tests", LiveFeed())
        with pytest.raises(PublishFailed):
            await EventPublisher(broker, route.topology).publish(route.event())

    @pytest.mark.usefixtures("_impatient")
    async def test_a_confirmation_that_does_not_come_is_waited_for_no_longer_than_the_bound(
        self, rabbitmq_url: str, route: Route
    ) -> None:
        async with laid(rabbitmq_url) as wire, running(wire.url, route.topology) as broker:
            wire.hold()
            begun = time.monotonic()
            with pytest.raises(PublishFailed):
                await EventPublisher(broker, route.topology).publish(route.event())
            assert 0.4 < time.monotonic() - begun < 2
            await wire.mend()

    @pytest.mark.usefixtures("_impatient")
    async def test_a_lost_connection_fails_the_publish_and_leaves_the_callers_loop_alive(
        self, rabbitmq_url: str, route: Route
    ) -> None:
        async with laid(rabbitmq_url) as wire, running(wire.url, route.topology) as broker:
            publisher, outcomes = EventPublisher(broker, route.topology), list[str]()

            async def publish_for_ever() -> None:
                while True:
                    await asyncio.sleep(0.01)  # without a connection a publish fails at once
                    try:
                        await publisher.publish(route.event())
                    except PublishFailed:
                        outcomes.append("failed")
                    else:
                        outcomes.append("published")

            caller = asyncio.create_task(publish_for_ever())
            await until(outcomes, "published")
            wire.cut()
            await until(outcomes, "failed", "failed")
            await wire.mend()
            await until(outcomes, "failed", "published")
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller

    async def test_a_cancellation_that_somebody_asked_for_is_theirs(self, rabbitmq_url: str, route: Route) -> None:
        async with laid(rabbitmq_url) as wire, running(wire.url, route.topology) as broker:
            wire.hold()
            publishing = asyncio.create_task(EventPublisher(broker, route.topology).publish(route.event()))
            await asyncio.sleep(0)
            publishing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await publishing
            await wire.mend()


async def until(outcomes: list[str], *last: str) -> None:
    """Return when ``outcomes`` ends with ``last``."""
    async with asyncio.timeout(20):
        while tuple(outcomes[-len(last) :]) != last:
            await asyncio.sleep(0.005)
