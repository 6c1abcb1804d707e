"""The whole service: what comes in over RabbitMQ is shown over HTTP, and told to the rest; also when it is killed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from faststream.rabbit import RabbitBroker
from guichet_contracts.requests import RequestChanged
from guichet_contracts.subscriptions import SUBSCRIPTIONS
from guichet_kit.broker import EVENTS_EXCHANGE, EventPublisher, Topology
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_local.testing.events import events_of
from guichet_requests.email.filing import own_request_id

from .conftest import Service, Signed, Visitor
from .mailing import answering, fate, received


class Wire:
    """Publishes as chat does, and hears what the service tells."""

    def __init__(self, publisher: EventPublisher, told: aio_pika.abc.AbstractQueue) -> None:
        self._publisher, self._told = publisher, told

    async def publish(self, events: Sequence[Any]) -> None:
        for event in events:
            await self._publisher.publish(event.model_dump(mode="json"))

    async def told(self, request_id: str, newest: int) -> list[int]:
        """The versions of a request that were told, up to the newest one."""
        versions: list[int] = []
        async with asyncio.timeout(40), self._told.iterator() as messages:
            async for message in messages:
                await message.ack()
                for event in map(RequestChanged.model_validate, events_of(message.body)):
                    assert message.type == event.type
                    if event.data.request.id == request_id:
                        versions.append(event.data.request.version)
                if newest in versions:
                    break
        return versions


@pytest.fixture
async def wire(rabbitmq_url: str, service: Service) -> AsyncIterator[Wire]:
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection, RabbitBroker(rabbitmq_url) as broker:
        channel = await connection.channel()
        told = await channel.declare_queue(exclusive=True)
        await told.bind(EVENTS_EXCHANGE, "requests.request.changed.v1")
        yield Wire(EventPublisher(broker, Topology(SUBSCRIPTIONS)), told)


async def shown_with(caro: Signed, visitor: Visitor, last_seq: int) -> dict[str, Any]:
    """The visitor's request in the list of open ones, as soon as so many entries of the log are on it."""
    async with asyncio.timeout(60):
        while True:
            listed = await caro.get("/requests", view="open", channel="chat", limit=200)
            for request in listed["items"]:
                if request["visitor"]["id"] == visitor.id and request["conversation"]["last_seq"] == last_seq:
                    return dict(request)
            await asyncio.sleep(0.1)


class TestFromTheQueue:
    async def test_what_a_visitor_writes_is_listed_on_the_timeline_and_told(self, service: Service, wire: Wire) -> None:
        caro, ada = await service.signed_in(), Visitor(begun=now() - timedelta(seconds=15))
        await wire.publish([ada.writes("Bonjour"), ada.is_answered("Bonjour Ada")])

        request = await shown_with(caro, ada, last_seq=2)

        assert (request["preview"], request["unread"], request["status"]) == ("Bonjour Ada", 0, "in_progress")
        timeline = await caro.get(f"/requests/{request['id']}/timeline")
        opened, first, second = timeline["items"]
        assert (opened["event"]["name"], "seq" in opened) == ("conversation_opened", False)
        assert [(item["text"], item["seq"], item["direction"]) for item in (first, second)] == [
            ("Bonjour", 1, "inbound"),
            ("Bonjour Ada", 2, "outbound"),
        ]
        assert set(await wire.told(request["id"], newest=request["version"])) <= {1, 2}

    async def test_a_killed_process_loses_doubles_and_forgets_nothing(self, service: Service, wire: Wire) -> None:
        caro, ada = await service.signed_in(), Visitor(begun=now() - timedelta(seconds=15))
        events = [ada.writes(f"Message {n}") for n in range(40)]
        for part in (events[:10], events[5:25], events[20:]):
            await wire.publish(part)
            service.process.kill()
            await asyncio.to_thread(service.process.start)

        request = await shown_with(caro, ada, last_seq=40)
        while request["unread"] < 40:
            request = await shown_with(caro, ada, last_seq=40)

        assert request["unread"] == 40
        timeline = await caro.get(f"/requests/{request['id']}/timeline", limit=200)
        assert [item["text"] for item in timeline["items"][1:]] == [f"Message {n}" for n in range(40)]
        assert await wire.told(request["id"], newest=request["version"])
        await nothing_is_untold(service)


async def nothing_is_untold(service: Service) -> None:
    async with asyncio.timeout(20):
        while await service.world.requests.collection.count_documents({"untold": {"$exists": True}}):
            await asyncio.sleep(0.1)


async def at_version(caro: Signed, request_id: str, version: int) -> dict[str, Any]:
    """The request, as soon as it has that version."""
    async with asyncio.timeout(60):
        while True:
            answer = await caro.call("GET", f"/requests/{request_id}")
            if answer.status_code == 200 and answer.json()["version"] == version:
                return dict(answer.json())
            await asyncio.sleep(0.1)


class TestMailFromTheQueue:
    async def test_a_killed_process_files_each_e_mail_once_and_sends_what_it_saved(
        self, service: Service, wire: Wire
    ) -> None:
        # From an address of its own: what other tests' services told of contacts is not about it.
        caro, jeanne = await service.signed_in(), f"jeanne.{new_id()}@example.org"
        first = received("Mail 0", jeanne)
        request_id = own_request_id(first.data.email.id, 1)
        mails = [first, *(received(f"Mail {n}", jeanne, thread=answering(request_id)) for n in range(1, 20))]
        await wire.publish(mails[:1])
        await at_version(caro, request_id, 1)
        for part in (mails[:12], mails[8:]):
            await wire.publish(part)
            service.process.kill()
            await asyncio.to_thread(service.process.start)

        request = await at_version(caro, request_id, 20)

        assert request["unread"] == 20
        timeline = await caro.get(f"/requests/{request_id}/timeline", limit=200)
        assert sorted(item["text"] for item in timeline["items"]) == sorted(f"Mail {n}" for n in range(20))
        assert await wire.told(request_id, newest=20)
        sent = await caro.call("POST", f"/requests/{request_id}/emails", json={"id": str(uuid4()), "text": "Oui"})
        assert sent.json()["email"]["to"] == [{"email": jeanne, "name": "Ada"}]
        await wire.publish([fate(request_id, sent.json()["id"], "sent", 2)])
        await at_version(caro, request_id, 22)
        newest = await caro.get(f"/requests/{request_id}/timeline", order="desc", limit=1)
        assert newest["items"][0]["delivery"]["state"] == "sent"
