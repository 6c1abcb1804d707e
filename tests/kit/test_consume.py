"""Durable consumers: acknowledged after the work, retried with a delay, parked when that is no use, never lost."""

import asyncio
import itertools
import json
import os
import sys
import time

import pytest
from faststream.rabbit import RabbitBroker
from guichet_kit import trace
from guichet_kit.broker import EventPublisher, Permanent
from guichet_kit.broker import consume as consume_module
from guichet_kit.broker.consume import ATTEMPT_HEADER, ERROR_HEADER
from guichet_kit.mongo import OUTAGES

from .conftest import Inbox, Route, Thing, eventually, handled_by, running

A_CONSUMER = """
import asyncio, os, sys
from guichet_kit.broker import LiveFeed, Topology, connect_broker, durable_subscriber, started

url, queue = os.environ["URL"], os.environ["QUEUE"]
broker = connect_broker(url, "tests", LiveFeed())

@durable_subscriber(broker, queue)
async def never_ends(body: dict) -> None:
    print("took it", flush=True)
    await asyncio.Event().wait()

async def main():
    async with started(broker, url, Topology({}), LiveFeed(), 10):
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def publish(broker: RabbitBroker, route: Route, **data: int) -> str:
    event = route.event(**data)
    await EventPublisher(broker, route.topology).publish(event)
    return str(event["id"])


async def is_empty(route: Route) -> None:
    """Nothing is left in the queue, taken or not: a queue with unacknowledged messages would give them back now."""
    for suffix in ("", ".retry.short", ".retry.long", ".dlq"):
        assert await route.count(suffix) == 0


class TestAMessageThatIsHandled:
    async def test_it_is_handled_once_and_gone(self, rabbitmq_url: str, route: Route) -> None:
        inbox = Inbox()
        async with running(rabbitmq_url, route.topology, handled_by(route, inbox.put)) as broker:
            sent = [await publish(broker, route, n=n) for n in range(20)]
            assert [thing.id for thing in await inbox.holds(20)] == sent
        await is_empty(route)

    async def test_what_was_published_before_the_consumer_ever_ran_waits_for_it(
        self, rabbitmq_url: str, route: Route
    ) -> None:
        async with running(rabbitmq_url, route.topology) as broker:
            sent = await publish(broker, route)
        inbox = Inbox()
        async with running(rabbitmq_url, route.topology, handled_by(route, inbox.put)):
            assert [thing.id for thing in await inbox.holds(1)] == [sent]

    async def test_its_trace_and_the_ids_of_its_origin_are_continued(self, rabbitmq_url: str, route: Route) -> None:
        seen, event = asyncio.get_running_loop().create_future(), route.event()
        incoming = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

        async def handler(thing: Thing) -> None:
            seen.set_result((trace.trace_id(), trace.correlation_id.get(), trace.causation_id.get()))

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await EventPublisher(broker, route.topology).publish(event, incoming)
            assert await seen == (incoming.split("-")[1], "request-1", event["id"])

    async def test_no_more_than_the_prefetch_are_handled_at_a_time(self, rabbitmq_url: str, route: Route) -> None:
        at_once, most, inbox = 0, 0, Inbox()

        async def handler(thing: Thing) -> None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.3)  # longer than two publishes take on a busy machine
            at_once -= 1
            await inbox.put(thing)

        async with running(rabbitmq_url, route.topology, handled_by(route, handler, prefetch=3)) as broker:
            for n in range(12):
                await publish(broker, route, n=n)
            await inbox.holds(12)
        assert most == 3

    async def test_a_stop_waits_for_what_is_being_handled(self, rabbitmq_url: str, route: Route) -> None:
        begun, inbox = asyncio.Event(), Inbox()

        async def handler(thing: Thing) -> None:
            begun.set()
            await asyncio.sleep(0.3)
            await inbox.put(thing)

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await publish(broker, route)
            await begun.wait()
        assert len(inbox.things) == 1
        await is_empty(route)


class TestAHandlerThatFails:
    async def test_it_is_tried_again_after_growing_delays_with_the_attempts_counted(
        self, rabbitmq_url: str, route: Route
    ) -> None:
        tries, done = list[float](), asyncio.Event()

        async def handler(thing: Thing) -> None:
            tries.append(time.monotonic())
            if len(tries) < 4:
                raise LookupError("not yet")
            done.set()

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await publish(broker, route)
            async with asyncio.timeout(10):
                await done.wait()
        waits = [later - earlier for earlier, later in itertools.pairwise(tries)]
        assert waits[0] >= 0.05
        # The last delay serves every later attempt.
        assert min(waits[1:]) >= 0.2
        await is_empty(route)

    async def test_others_are_handled_meanwhile(self, rabbitmq_url: str, route: Route) -> None:
        inbox = Inbox()

        async def handler(thing: Thing) -> None:
            if thing.data["n"] == 0 and len(inbox.things) < 5:
                raise LookupError("not yet")
            await inbox.put(thing)

        async with running(rabbitmq_url, route.topology, handled_by(route, handler, prefetch=1)) as broker:
            for n in range(6):
                await publish(broker, route, n=n)
            assert [thing.data["n"] for thing in await inbox.holds(6)] == [1, 2, 3, 4, 5, 0]

    async def test_after_the_last_attempt_it_is_parked_as_it_was_with_the_error(
        self, rabbitmq_url: str, route: Route, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consume_module, "MAX_ATTEMPTS", 3)
        tries = 0

        async def handler(thing: Thing) -> None:
            nonlocal tries
            tries += 1
            raise LookupError("never")

        event = route.event(n=1)
        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await EventPublisher(broker, route.topology).publish(event, trace.continue_trace(None))
            parked = await route.get(".dlq")
        assert tries == 3
        assert json.loads(parked.body) == event
        assert (parked.message_id, parked.type, parked.correlation_id) == (event["id"], event["type"], "request-1")
        assert parked.headers[ATTEMPT_HEADER] == 3
        assert parked.headers[ERROR_HEADER] == "LookupError('never')"
        assert "traceparent" in parked.headers
        await is_empty(route)

    async def test_a_server_that_is_away_costs_no_attempt(
        self, rabbitmq_url: str, route: Route, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consume_module, "MAX_ATTEMPTS", 2)
        tries, inbox = 0, Inbox()

        async def handler(thing: Thing) -> None:
            nonlocal tries
            tries += 1
            if tries <= 5:
                raise OUTAGES[tries % len(OUTAGES)]("away")
            await inbox.put(thing)

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await publish(broker, route)
            await inbox.holds(1)
        await is_empty(route)


class TestAMessageThatIsHopeless:
    async def test_a_permanent_failure_is_parked_at_once(self, rabbitmq_url: str, route: Route) -> None:
        async def handler(thing: Thing) -> None:
            raise Permanent("no such thing")

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await publish(broker, route)
            parked = await route.get(".dlq")
        assert parked.headers[ERROR_HEADER] == "Permanent('no such thing')"
        assert parked.headers[ATTEMPT_HEADER] == 1

    async def test_a_malformed_body_is_parked_at_once(self, rabbitmq_url: str, route: Route) -> None:
        bodies = [b"not json", b"\xff\xfe", b"", b"[]", b"null", b'{"id": 7}', b'{"id": "a", "type": "b", "data": []}']
        inbox = Inbox()
        async with running(rabbitmq_url, route.topology, handled_by(route, inbox.put)):
            for body in bodies:
                await route.put(body, content_type="application/json")
            parked = [await route.get(".dlq") for _ in bodies]
        assert {message.body for message in parked} == set(bodies)
        assert {message.headers[ATTEMPT_HEADER] for message in parked} == {1}
        assert all(message.headers[ERROR_HEADER] for message in parked)
        assert inbox.things == []

    async def test_headers_that_are_not_ours_do_not_stop_it(self, rabbitmq_url: str, route: Route) -> None:
        async def handler(thing: Thing) -> None:
            raise Permanent("no")

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)):
            odd = {"traceparent": 7, ATTEMPT_HEADER: "many", "x-other": "kept"}
            await route.put(json.dumps(route.event()).encode(), content_type="application/json", headers=odd)
            parked = await route.get(".dlq")
        assert (parked.headers[ATTEMPT_HEADER], parked.headers["x-other"]) == (1, "kept")

    async def test_a_prefetch_full_of_them_does_not_jam_the_queue(self, rabbitmq_url: str, route: Route) -> None:
        inbox = Inbox()
        async with running(rabbitmq_url, route.topology, handled_by(route, inbox.put, prefetch=2)) as broker:
            for _ in range(5):
                await route.put(b"not json", content_type="application/json")
            sent = await publish(broker, route)
            assert [thing.id for thing in await inbox.holds(1)] == [sent]


class TestAConsumerThatDies:
    async def test_what_it_was_handling_is_delivered_again(self, rabbitmq_url: str, route: Route) -> None:
        async with running(rabbitmq_url, route.topology) as broker:
            sent = await publish(broker, route)
        environment = {"PATH": os.environ["PATH"], "URL": rabbitmq_url, "QUEUE": route.queue}
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", A_CONSUMER, env=environment, stdout=asyncio.subprocess.PIPE
        )
        assert child.stdout is not None
        assert await asyncio.wait_for(child.stdout.readline(), 20) == b"took it\n"
        child.kill()
        await child.wait()
        inbox = Inbox()
        async with running(rabbitmq_url, route.topology, handled_by(route, inbox.put)):
            assert [thing.id for thing in await inbox.holds(1)] == [sent]


class TestARetryQueueThatIsMissing:
    async def test_the_message_stays_in_its_queue_until_it_can_be_set_aside(
        self, rabbitmq_url: str, route: Route, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consume_module, "_PAUSE_WHEN_STUCK", 0.05)
        tries, inbox = 0, Inbox()

        async def handler(thing: Thing) -> None:
            nonlocal tries
            tries += 1
            if tries < 4:
                raise LookupError("not yet")
            await inbox.put(thing)

        async with running(rabbitmq_url, route.topology, handled_by(route, handler)) as broker:
            await route.channel.queue_delete(f"{route.queue}.retry.short")
            await publish(broker, route)
            await inbox.holds(1)
        await eventually(lambda: _count_is(route, 0))


async def _count_is(route: Route, count: int) -> bool:
    return await route.count() == count
