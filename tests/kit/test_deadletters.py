"""What an operator does with parked messages, on a real broker."""

import json
from collections.abc import AsyncIterator

import pytest
from aio_pika.abc import AbstractChannel
from guichet_kit.broker import Permanent, PublishFailed
from guichet_kit.broker.deadletters import BrokerAway, DeadLetters, NoSuchQueue, dead_letters

from tests.kit.conftest import Inbox, Route, Thing, eventually, handled_by, running


@pytest.fixture
async def letters(rabbitmq_url: str) -> AsyncIterator[DeadLetters]:
    """The parkings of the shared broker."""
    async with dead_letters(rabbitmq_url) as opened:
        yield opened


@pytest.fixture
async def declared(route: Route, channel: AbstractChannel) -> Route:
    """The route with its queues."""
    await route.topology.declare(channel)
    return route


async def park(route: Route, *names: str) -> None:
    """Put messages into the parking as consumers leave them there."""
    headers = {
        "x-guichet-attempt": 12,
        "x-guichet-error": "ValueError('no')",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
        "kept": "yes",
    }
    parking = Route(f"{route.queue}.dlq", route.event_type, route.topology, route.channel)
    for name in names:
        body = json.dumps(route.event(name=name)).encode()
        await parking.put(body, message_id=name, type=route.event_type, headers=headers)


async def names_of(letters: DeadLetters, route: Route) -> list[str]:
    return [parked.id for parked in await letters.list(route.queue)]


async def test_a_message_parked_by_a_consumer_is_listed_with_its_reason(
    route: Route, rabbitmq_url: str, letters: DeadLetters
) -> None:
    async def refuse(_thing: Thing) -> None:
        raise Permanent("there is no such request")

    async with running(rabbitmq_url, route.topology, handled_by(route, refuse)):
        await route.put(json.dumps(route.event(a=1)).encode(), message_id="m1", type=route.event_type)

        async def is_parked() -> bool:
            return bool(await letters.list(route.queue))

        await eventually(is_parked)
    (parked,) = await letters.list(route.queue)
    assert (parked.id, parked.type, parked.attempts) == ("m1", route.event_type, 1)
    assert "there is no such request" in (parked.error or "")
    assert parked.content["data"] == {"a": 1}


async def test_looking_leaves_every_message_in_its_place_however_often(declared: Route, letters: DeadLetters) -> None:
    await park(declared, "a", "b", "c")
    for _ in range(30):  # RabbitMQ 4 would remove what was returned 20 times
        assert sorted(await names_of(letters, declared)) == ["a", "b", "c"]
    assert (await letters.list(declared.queue, limit=1))[0].attempts == 12


async def test_the_oldest_is_listed_first(declared: Route, letters: DeadLetters) -> None:
    await park(declared, "a", "b", "c")
    assert [await names_of(letters, declared) for _ in range(3)] == [["a", "b", "c"]] * 3


async def test_a_replay_is_a_first_attempt_again(declared: Route, letters: DeadLetters) -> None:
    await park(declared, "a")
    assert await letters.replay(declared.queue) == 1
    again = await declared.get()
    assert (again.message_id, again.type, again.delivery_mode) == ("a", declared.event_type, 2)
    kept = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "kept": "yes"}
    # Which the broker counts from the beginning; RabbitMQ 4 leaves a 0 out.
    assert {"x-delivery-count": 0} | again.headers == kept | {"x-delivery-count": 0}
    assert await names_of(letters, declared) == []


async def test_a_replay_of_one_leaves_the_others(declared: Route, letters: DeadLetters) -> None:
    await park(declared, "a", "b", "c")
    assert await letters.replay(declared.queue, {"b", "unknown"}) == 1
    assert await names_of(letters, declared) == ["a", "c"]
    assert (await declared.get()).message_id == "b"


async def test_what_the_broker_does_not_take_stays_parked(
    declared: Route, letters: DeadLetters, channel: AbstractChannel
) -> None:
    await park(declared, "a", "b")
    await channel.queue_delete(declared.queue)
    with pytest.raises(PublishFailed):
        await letters.replay(declared.queue)
    assert sorted(await names_of(letters, declared)) == ["a", "b"]


async def test_dropped_messages_are_gone_and_nothing_else(declared: Route, letters: DeadLetters) -> None:
    await park(declared, "a", "b", "c")
    assert await letters.drop(declared.queue, {"a"}) == 1
    assert await names_of(letters, declared) == ["b", "c"]
    assert await letters.drop(declared.queue) == 2
    assert await names_of(letters, declared) == []


async def test_a_replayed_message_is_handled(declared: Route, rabbitmq_url: str, letters: DeadLetters) -> None:
    await park(declared, "a")
    inbox = Inbox()
    async with running(rabbitmq_url, declared.topology, handled_by(declared, inbox.put)):
        await letters.replay(declared.queue)
        (thing,) = await inbox.holds(1)
    assert thing.data == {"name": "a"}


async def test_a_body_that_is_no_json_is_shown_as_text(declared: Route, letters: DeadLetters) -> None:
    parking = Route(f"{declared.queue}.dlq", declared.event_type, declared.topology, declared.channel)
    await parking.put(b"\xffnot json")
    (parked,) = await letters.list(declared.queue)
    assert (parked.content, parked.error) == ("\ufffdnot json", None)


async def test_a_queue_that_is_not_there_is_named(letters: DeadLetters) -> None:
    with pytest.raises(NoSuchQueue, match=r"no\.such\.dlq"):
        await letters.list("no.such")
    (depth,) = await letters.depths(["no.such"])
    assert (depth.messages, depth.consumers) == (None, None)


async def test_the_depth_of_a_queue_is_told(declared: Route, letters: DeadLetters) -> None:
    await park(declared, "a", "b")

    async def is_told() -> bool:
        queue, parking = await letters.depths([declared.queue, f"{declared.queue}.dlq"])
        return (queue.messages, queue.consumers, parking.messages) == (0, 0, 2)

    await eventually(is_told)  # the broker's own count comes a moment later


async def test_a_broker_that_is_away_is_told() -> None:
    with pytest.raises(BrokerAway):
        async with dead_letters("amqp://guest:guest@127.0.0.1:1/"):
            pass
