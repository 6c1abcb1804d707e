"""Replicas are killed, the broker goes away: what was acknowledged is stored, and shown once, in order."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import httpx2
import pytest
from guichet_kit.broker import EVENTS_EXCHANGE
from guichet_kit.ids import new_id
from guichet_kit.mongo import open_client
from guichet_local.testing import RabbitMQServer
from guichet_local.testing.events import events_of
from guichet_local.testing.service import ServiceProcess
from guichet_local.testing.sockets import SocketClient

from .conftest import Person, Replicas, start_replicas


@pytest.fixture(scope="module")
def fragile(
    other_rabbitmq_url: str, mongodb_url: str, tmp_path_factory: pytest.TempPathFactory, widget_dir: Path
) -> Iterator[Replicas]:
    """Replicas for the tests of this module, on the broker that they may harm."""
    running = start_replicas(other_rabbitmq_url, mongodb_url, tmp_path_factory.mktemp("outages"), widget_dir)
    yield running
    running.first.stop()
    running.second.stop()


@pytest.fixture
async def own(fragile: Replicas, rabbitmq_server: RabbitMQServer) -> Replicas:
    """Replicas and a broker that run, and that this test may harm."""
    if fragile.first.readiness() != 200:
        await asyncio.to_thread(fragile.first.start)
    return fragile


async def visit(replicas: Replicas) -> Person:
    async with httpx2.AsyncClient(base_url=replicas.second.url) as http:
        answer = (await http.post("/chat/v1/visitors", json={"widget_key": "shop"})).json()
    return Person(answer["visitor_id"], answer["token"])


async def customer(service: ServiceProcess, person: Person) -> SocketClient:
    return await SocketClient.open(f"{service.url}/chat/v1/socket", person.token)


async def agent(replicas: Replicas, service: ServiceProcess, conversation_id: str, after_seq: int = 0) -> SocketClient:
    client = await SocketClient.open(f"{service.url}/api/v1/live", replicas.agent_token())
    await client.send("subscribe", conversation_id=conversation_id, after_seq=after_seq)
    await client.frame("synced")
    return client


async def queue_of(rabbitmq: RabbitMQServer, event_type: str) -> str:
    """The name of a new durable queue that takes these events."""
    async with await aio_pika.connect(rabbitmq.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(f"tests.{new_id()}", durable=True)
        await queue.bind(EVENTS_EXCHANGE, event_type)
    return queue.name


def seqs(client: SocketClient) -> list[int]:
    return [frame["seq"] for frame in client.shown()]


class TestAReplicaIsKilled:
    @pytest.mark.parametrize("after", [1, 3, 7])
    async def test_what_was_acknowledged_is_there_and_resends_double_nothing(self, own: Replicas, after: int) -> None:
        person = await visit(own)
        ada = await customer(own.first, person)
        sent = [await ada.post(f"message {n}") for n in range(10)]
        await ada.count("message.accepted", after)
        own.first.kill()
        await ada.closed()
        acknowledged = {f["id"]: f["seq"] for f in ada.frames if f["type"] == "message.accepted"}
        assert len(acknowledged) >= after

        back = await customer(own.second, person)
        for n, client_id in enumerate(sent):
            if client_id not in acknowledged:
                await back.post(f"message {n}", id=client_id)
                await back.frame("message.accepted", id=client_id)
        conversation_id = (await back.frame("ready"))["conversation"]["id"]
        await back.send("sync", conversation_id=conversation_id, after_seq=0)
        await back.frame("synced")
        replay = back.shown()[-10:]
        assert [f["seq"] for f in replay] == list(range(1, 11))
        assert [f["id"] for f in replay] == sent
        assert {f["id"]: f["seq"] for f in replay if f["id"] in acknowledged} == acknowledged

    async def test_events_that_a_kill_left_unpublished_are_published_by_the_other_replica(
        self, own: Replicas, mongodb_url: str, rabbitmq_server: RabbitMQServer
    ) -> None:
        with_ada = await visit(own)
        queue = await queue_of(rabbitmq_server, "chat.message.posted.v1")
        await rabbitmq_server.stop()
        try:
            ada = await customer(own.first, with_ada)
            accepted = await ada.frame("message.accepted", id=await ada.post("sans courtier"))
            own.first.kill()
            client = open_client(mongodb_url, "pymongo", "tests")
            database = client.database(own.database)
            place = {"conversation_id": accepted["conversation_id"], "seq": accepted["seq"]}
            entry = await database["entries"].find_one(place) or {}
            mark = await database["writers"].find_one({"_id": entry["writer"]}) or {}
            await client.close()
            assert mark.get("told", 0) < entry["n"]
        finally:
            await rabbitmq_server.start()
        async with await aio_pika.connect(rabbitmq_server.url) as connection:
            found = await (await connection.channel()).get_queue(queue)
            async with asyncio.timeout(60), found.iterator(no_ack=True) as messages:
                async for message in messages:
                    if accepted["conversation_id"] in {event["subject"] for event in events_of(message.body)}:
                        break
            await found.delete()


class TestTheBrokerIsAway:
    async def test_writing_and_showing_go_on_without_it_and_nothing_is_doubled_after(
        self, own: Replicas, rabbitmq_server: RabbitMQServer
    ) -> None:
        ada = await customer(own.first, await visit(own))
        conversation_id = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        caro = await agent(own, own.second, conversation_id)
        await rabbitmq_server.stop()
        try:
            for n in range(5):
                await ada.frame("message.accepted", id=await ada.post(f"c{n}"))
                await caro.frame("message.accepted", id=await caro.post(f"a{n}", conversation_id=conversation_id))
            await ada.entries(11)
            await caro.entries(11)
        finally:
            await rabbitmq_server.start()
        # Everything is published again by now or soon: the news of old entries must not show them twice.
        await caro.frame("refresh", 60)
        await ada.frame("message.accepted", id=await ada.post("après"))
        await ada.entries(12)
        await caro.entries(12)
        await asyncio.sleep(4)
        assert seqs(ada) == seqs(caro) == list(range(1, 13))

    async def test_a_broker_that_is_killed_and_comes_back_carries_the_live_edge_again(
        self, own: Replicas, rabbitmq_server: RabbitMQServer
    ) -> None:
        ada = await customer(own.first, await visit(own))
        conversation_id = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        caro = await agent(own, own.second, conversation_id)
        await rabbitmq_server.kill()
        await rabbitmq_server.ready()
        await caro.frame("refresh", 60)
        for _ in range(30):  # the other replica may still be on its way back, and nobody keeps a sign of typing
            await ada.send("typing", on=True)
            await asyncio.sleep(1)
            if caro.of("typing"):
                break
        await caro.frame("typing", on=True)


class TestAnOrderlyStop:
    async def test_sockets_are_closed_with_1012(self, own: Replicas) -> None:
        people = [await visit(own) for _ in range(5)]
        tabs = [await customer(own.first, person) for person in people for _ in range(5)]  # three groups
        for tab in tabs:
            await tab.frame("ready")
        await asyncio.to_thread(own.first.stop)
        assert [await tab.closed() for tab in tabs] == [1012] * 25
