"""Customers and agents on two real replicas, over real RabbitMQ and MongoDB."""

import asyncio
import json
import uuid
from itertools import count

import aio_pika
import httpx2

from .conftest import Open, Replicas, Visit


def seqs(frames: list[dict]) -> list[int]:  # type: ignore[type-arg]
    return [frame["seq"] for frame in frames]


class TestTheHandshake:
    async def test_the_server_answers_with_the_protocol_and_greets(self, visit: Visit, customer: Open) -> None:
        person = await visit()
        socket = await customer(person)
        assert socket.subprotocol == "guichet.v1"
        assert socket.frames[0] == {"type": "ready", "visitor_id": person.id, "conversation": None}

    async def test_an_agent_is_greeted_as_who_the_token_says(self, agent: Open) -> None:
        socket = await agent()
        assert socket.frames[0]["agent"] == {"id": "agent-1", "name": "Caro Agent", "initials": "CA", "role": "agent"}


class TestAConversation:
    async def test_both_sides_see_every_entry_once_in_order_across_replicas(
        self, replicas: Replicas, visit: Visit, customer: Open, agent: Open
    ) -> None:
        ada = await customer(await visit(), replicas.first)
        first_id = await ada.post("Bonjour")
        accepted = await ada.frame("message.accepted", id=first_id)
        conversation_id = accepted["conversation_id"]
        assert accepted["seq"] == 1

        caro = await agent(replicas.second)
        await caro.send("subscribe", conversation_id=conversation_id, after_seq=0)
        await caro.frame("synced", conversation_id=conversation_id)
        for turn in range(5):
            await ada.post(f"question {turn}")
            await caro.post(f"réponse {turn}", conversation_id=conversation_id)
        theirs, hers = await caro.entries(11), await ada.entries(11)
        assert seqs(theirs) == seqs(hers) == list(range(1, 12))
        assert [e["text"] for e in theirs] == [e["text"] for e in hers]
        assert theirs[0]["id"] == first_id

    async def test_a_second_tab_hears_of_a_conversation_that_the_first_one_opens(
        self, replicas: Replicas, visit: Visit, customer: Open
    ) -> None:
        person = await visit()
        one, other = await customer(person, replicas.first), await customer(person, replicas.second)
        await one.post("Bonjour")
        assert seqs(await other.entries(1)) == [1]

    async def test_twenty_posts_of_one_id_from_four_sockets_are_one_entry(
        self, replicas: Replicas, visit: Visit, customer: Open
    ) -> None:
        person = await visit()
        tabs = [await customer(person, r) for r in (replicas.first, replicas.second) * 2]
        client_id = str(uuid.uuid4())
        await asyncio.gather(*(tabs[n % 4].post("une fois", id=client_id) for n in range(20)))
        for tab in tabs:
            await tab.count("message.accepted", 5)
        places = {
            (f["conversation_id"], f["seq"]) for tab in tabs for f in tab.frames if f["type"] == "message.accepted"
        }
        assert len(places) == 1
        conversation_id, _ = places.pop()
        for tab in tabs:
            await tab.send("sync", conversation_id=conversation_id, after_seq=1)
            await tab.frame("synced")
            assert seqs(tab.shown()) == [1]

    async def test_fifty_posts_at_once_from_both_sides_are_one_to_n(
        self, replicas: Replicas, visit: Visit, customer: Open, agent: Open
    ) -> None:
        ada = await customer(await visit(), replicas.first)
        conversation_id = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        caro = await agent(replicas.second)
        await caro.send("subscribe", conversation_id=conversation_id, after_seq=0)
        await asyncio.gather(
            *(ada.post(f"c{n}") for n in range(25)),
            *(caro.post(f"a{n}", conversation_id=conversation_id) for n in range(25)),
        )
        assert seqs(await ada.entries(51)) == seqs(await caro.entries(51)) == list(range(1, 52))
        assert [e["text"] for e in ada.shown() if e["text"].startswith("c")] == [f"c{n}" for n in range(25)]

    async def test_typing_reaches_the_other_side_on_the_other_replica(
        self, replicas: Replicas, visit: Visit, customer: Open, agent: Open
    ) -> None:
        ada = await customer(await visit(), replicas.first)
        conversation_id = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        caro = await agent(replicas.second)
        await caro.send("subscribe", conversation_id=conversation_id, after_seq=0)
        await caro.frame("synced")
        await ada.send("typing", on=True)
        assert (await caro.frame("typing", on=True))["author"]["kind"] == "visitor"
        await caro.send("typing", conversation_id=conversation_id, on=True)
        assert (await ada.frame("typing", on=True))["author"]["name"] == "Caro Agent"

    async def test_read_marks_reach_the_other_side_and_are_told_again_after_a_reload(
        self, replicas: Replicas, visit: Visit, customer: Open, agent: Open
    ) -> None:
        ada = await customer(await visit(), replicas.first)
        conversation_id = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        caro = await agent(replicas.second)
        await caro.send("subscribe", conversation_id=conversation_id, after_seq=0)
        await caro.frame("synced")
        await caro.send("read", conversation_id=conversation_id, seq=1)
        assert (await ada.frame("read"))["seq"] == 1
        await ada.send("sync", conversation_id=conversation_id, after_seq=1)
        await ada.frame("synced")
        assert ada.frames[-2] == {"type": "read", "conversation_id": conversation_id, "reader": "agent", "seq": 1}


class TestRequestsThatChange:
    async def test_a_console_hears_of_those_that_it_shows_and_how_many_others(
        self, rabbitmq_url: str, replicas: Replicas, agent: Open
    ) -> None:
        shown, other, changed = f"{uuid.uuid4()}", f"{uuid.uuid4()}", "requests.request.changed.v1"
        caro = await agent(replicas.second)
        await caro.send("watch", request_ids=[shown], view={"view": "mine"}, bundled=True)
        await caro.send("ping")
        await caro.frame("pong")
        state = {"status": "new", "channel": "chat", "assignee": None, "contact": None}
        async with await aio_pika.connect(rabbitmq_url) as connection, asyncio.timeout(60):
            live = await (await connection.channel()).get_exchange("guichet.live")
            for version in count(1):
                requests = [{"id": one, "version": version, **state} for one in (shown, other)]
                body = json.dumps([{"type": changed, "data": {"request": one}} for one in requests]).encode()
                batch = "application/cloudevents-batch+json"
                await live.publish(aio_pika.Message(body, content_type=batch, type=changed), changed)
                # The replica may not be on the live edge yet.
                if any(frame["type"] == "requests_changed" for frame in caro.frames):
                    break
                await asyncio.sleep(0.3)
        told = await caro.frame("requests")
        assert [one["id"] for one in told["requests"]] == [shown]
        assert (await caro.frame("requests_changed"))["count"] == 1


class TestComingBack:
    async def test_everything_after_the_cursor_comes_and_nothing_before_it(
        self, replicas: Replicas, visit: Visit, customer: Open, agent: Open
    ) -> None:
        person = await visit()
        ada = await customer(person)
        conversation_id = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        await ada.close()
        caro = await agent(replicas.second)
        for n in range(5):
            await caro.post(f"{n}", conversation_id=conversation_id)
        await caro.count("message.accepted", 5)
        back = await customer(person, replicas.second)
        assert back.frames[0]["conversation"] == {"id": conversation_id, "state": "open", "last_seq": 6}
        await back.send("sync", conversation_id=conversation_id, after_seq=1)
        assert (await back.frame("synced"))["last_seq"] == 6
        assert seqs(back.shown()) == [2, 3, 4, 5, 6]

    async def test_a_long_log_is_replayed_whole(
        self, visit: Visit, customer: Open, agent: Open, replicas: Replicas
    ) -> None:  # fmt: skip
        person = await visit()
        tab = await customer(person)
        accepted = await tab.frame("message.accepted", id=await tab.post("Bonjour"))
        desks = [await agent(replica) for replica in (replicas.first, replicas.second) * 2]
        for n in range(80):  # each within its burst
            for desk in desks:
                await desk.post(f"{n}", conversation_id=accepted["conversation_id"])
        entries = await tab.entries(321, 60)
        reader = await customer(person, replicas.second)
        await reader.send("sync", conversation_id=entries[0]["conversation_id"], after_seq=0)
        await reader.frame("synced", 30)
        assert seqs(reader.shown()) == list(range(1, 322))


class TestClosing:
    async def test_the_customer_sees_it_at_once_and_a_late_message_is_refused(
        self, visit: Visit, customer: Open, http: httpx2.AsyncClient, replicas: Replicas
    ) -> None:
        ada = await customer(await visit(), replicas.second)
        conversation_id = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        answer = await http.post(
            f"/api/v1/conversations/{conversation_id}/close", json={"request_status": "in_progress"}
        )
        assert answer.json() == {"conversation_id": conversation_id, "seq": 2}
        closing = await ada.frame("entry", kind="closed")
        assert (closing["seq"], closing["request_status"], closing["author"]["name"]) == (
            2,
            "in_progress",
            "Caro Agent",
        )
        late = await ada.post("trop tard", conversation_id=conversation_id)
        assert (await ada.frame("error", ref=late))["code"] == "conversation_closed"

    async def test_closing_twice_is_a_conflict_with_its_name(
        self, visit: Visit, customer: Open, http: httpx2.AsyncClient
    ) -> None:
        ada = await customer(await visit())
        conversation_id = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        await http.post(f"/api/v1/conversations/{conversation_id}/close")
        again = await http.post(f"/api/v1/conversations/{conversation_id}/close")
        assert (again.status_code, again.json()["code"]) == (409, "conversation_closed")

    async def test_who_was_away_is_told_on_coming_back(
        self, visit: Visit, customer: Open, http: httpx2.AsyncClient
    ) -> None:
        person = await visit()
        ada = await customer(person)
        conversation_id = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        await ada.close()
        await http.post(f"/api/v1/conversations/{conversation_id}/close")
        back = await customer(person)
        assert back.frames[0]["conversation"] == {"id": conversation_id, "state": "closed", "last_seq": 2}
        await back.send("sync", conversation_id=conversation_id, after_seq=1)
        assert (await back.frame("entry"))["kind"] == "closed"

    async def test_the_next_message_opens_a_new_conversation_on_the_same_socket(
        self, visit: Visit, customer: Open, http: httpx2.AsyncClient
    ) -> None:
        ada = await customer(await visit())
        old = (await ada.frame("message.accepted", id=await ada.post("Bonjour")))["conversation_id"]
        await http.post(f"/api/v1/conversations/{old}/close")
        await ada.frame("entry", kind="closed")
        accepted = await ada.frame("message.accepted", id=await ada.post("Encore moi"))
        assert accepted["conversation_id"] != old
        assert accepted["seq"] == 1
        assert (await ada.frame("entry", conversation_id=accepted["conversation_id"]))["text"] == "Encore moi"
