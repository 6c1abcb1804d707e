"""What is done to somebody at the very moment of their erasure, on running services; then no place has their name."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress

import aio_pika
import httpx2
import pytest
from guichet_contracts.subscriptions import REQUESTS_MAIL
from guichet_kit.broker import EVENTS_EXCHANGE
from guichet_kit.broker.deadletters import dead_letters
from guichet_local.testing.events import events_of
from guichet_local.testing.sockets import SocketClient
from guichet_local.testing.stack import Stack
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from .everywhere import messages_with, places_of
from .known_people import Desk, Person, until

Case = Callable[[Desk, Person], Awaitable[object]]
DELAYS = (0.0, 0.03, 0.2)
"""Seconds from the beginning of the erasure: with it, while it goes through the services, and a little later."""


async def write_on(desk: Desk, person: Person) -> None:
    """The visitor goes on writing; their session ends with the erasure, at whatever word."""
    with suppress(ConnectionClosed, InvalidHandshake, TimeoutError, AssertionError):
        socket = await SocketClient.open(f"{desk.stack.gateway}/chat/v1/socket", person.token)
        for _ in range(5):
            await socket.post(f"Je suis {person.name}, {person.email}")
        await socket.close()


async def begin_by_hand(desk: Desk, person: Person) -> None:
    given = {"id": str(uuid.uuid4()), "subject": "Rappeler", "contact_id": person.contact_id}
    answer = await desk.http.post("/api/v1/requests", json=given)
    assert answer.status_code in (201, 409), answer.text


async def move_their_mail(desk: Desk, person: Person) -> None:
    path = f"/api/v1/requests/{person.mail_request['id']}"
    items = (await desk.http.get(f"{path}/timeline", params={"limit": 200})).json()["items"]
    item = next(one for one in items if one["kind"] == "email" and one["direction"] == "inbound")
    answer = await desk.http.post(f"{path}/emails/{item['id']}/move", json={"new": True})
    assert answer.status_code in (200, 404, 409), answer.text


async def answer_them(desk: Desk, person: Person) -> None:
    written = {"id": str(uuid.uuid4()), "text": "Bonjour", "quote": "all"}
    answer = await desk.http.post(f"/api/v1/requests/{person.mail_request['id']}/emails", json=written)
    assert answer.status_code in (200, 201, 202, 409), answer.text


async def send_a_transcript(desk: Desk, person: Person) -> None:
    conversation = person.chat_request["conversation"]["id"]
    asked = {"id": str(uuid.uuid4()), "email": person.email}
    answer = await desk.http.post(f"/api/v1/conversations/{conversation}/transcript", json=asked)
    assert answer.status_code in (202, 409), answer.text


async def upload_a_file(desk: Desk, person: Person) -> None:
    answer = await desk.http.post(
        "/api/v1/attachments",
        data={"scope": "visitor", "id": str(uuid.uuid4())},
        files={"file": (f"Lettre de {person.name}.txt", f"Signé {person.name}".encode(), "text/plain")},
        headers={"Authorization": f"Bearer {person.token}"},
    )
    assert answer.status_code in (201, 401, 404, 409), answer.text


async def gather_their_archive(desk: Desk, person: Person) -> None:
    answer = await desk.http.get(f"/api/v1/contacts/{person.contact_id}/archive")
    assert answer.status_code in (200, 404, 503), answer.text


CASES: tuple[Case, ...] = (
    write_on, begin_by_hand, move_their_mail, answer_them, send_a_transcript, upload_a_file, gather_their_archive,
)  # fmt: skip


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    async with httpx2.AsyncClient(base_url=stack.gateway, timeout=60, headers={"Origin": stack.gateway}) as http:
        desk = Desk(stack, http)
        await desk.sign_in()
        yield desk


async def erase(desk: Desk, person: Person) -> None:
    gone = await desk.http.delete(f"/api/v1/contacts/{person.contact_id}")
    assert gone.status_code == 204, gone.text


async def nowhere(stack: Stack, done: Mapping[str, str]) -> None:
    """Wait until no place has any of the words; what is left is told, with what was done to whose word it is."""
    left: list[str] = []

    async def gone() -> bool:
        left[:] = await places_of(stack, *done)
        return not left

    try:
        await until(gone, 120)
    except TimeoutError:
        told = {place: done[place.rpartition(": ")[2]] for place in left}
        pytest.fail("\n".join(f"{place} ({act})" for place, act in told.items()))


@pytest.mark.timeout(600)
async def test_no_place_has_the_name_whatever_was_done_at_that_moment(desk: Desk, stack: Stack) -> None:
    races = list(itertools.product(CASES, DELAYS))

    async def someone() -> Person:
        person = await desk.met("Grace")
        await desk.chat(person)
        # With the name in it, as customers write.
        person.words |= {"mailsubject": f"Lampe de {person.words['surname']}"}
        await desk.mail(person)
        return person

    # A few at a time, as the gateway lets one address.
    groups = [await asyncio.gather(*(someone() for _ in range(3))) for _ in range(0, len(races), 3)]
    people = [person for group in groups for person in group]
    names = [person.words["surname"] for person in people]
    assert len(people) == len(races)
    assert await places_of(stack, *names)

    async def race(case: Case, delay: float, person: Person) -> None:
        async def later() -> None:
            await asyncio.sleep(delay)
            await case(desk, person)

        await asyncio.gather(erase(desk, person), later())

    done = {}
    for (case, delay), person in zip(races, people, strict=True):
        await race(case, delay, person)
        done[person.words["surname"]] = f"{case.__name__} after {delay} s"
    await nowhere(stack, done)


@pytest.mark.timeout(300)
async def test_a_mail_that_waited_in_the_dead_letters_is_forgotten_when_it_is_replayed(
    desk: Desk, stack: Stack
) -> None:
    person = await desk.met("Grace")
    surname = person.words["surname"]
    async with await aio_pika.connect(stack.rabbitmq_url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        heard = await channel.declare_queue(exclusive=True)
        await heard.bind(EVENTS_EXCHANGE, "mailer.email.received.v1")
        person.words |= {"mailsubject": f"Lampe de {surname}"}
        await desk.mail(person)
        message = await until(lambda: heard.get(fail=False, no_ack=True))
        (event,) = events_of(message.body)
        # Another mail of theirs, which no attempt could handle before the erasure.
        waited = message.body.replace(event["subject"].encode(), str(uuid.uuid4()).encode())
        waited = waited.replace(event["id"].encode(), str(uuid.uuid4()).encode())
        parked = aio_pika.Message(
            waited, content_type=message.content_type, type=message.type, headers={"x-guichet-error": "tired"}
        )
        await channel.default_exchange.publish(parked, f"{REQUESTS_MAIL}.dlq", mandatory=True)
    await erase(desk, person)

    async def only_there() -> bool:
        return {place.partition(":")[0] for place in await places_of(stack, surname)} == {f"queue {REQUESTS_MAIL}.dlq"}

    await until(only_there, 120)
    async with dead_letters(stack.rabbitmq_url) as letters:
        assert await letters.replay(REQUESTS_MAIL) == 1
    await until(lambda: _empty(stack, surname))
    await nowhere(stack, dict.fromkeys((surname, person.email), "replayed"))


async def _empty(stack: Stack, word: str) -> bool:
    return not await messages_with(stack, [word])
