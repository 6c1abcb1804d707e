"""Agents put a received e-mail on another request, in one step that can be repeated, also after a crash."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from guichet_requests.email.answer import Answer, answer
from guichet_requests.email.filing import NotMovable
from guichet_requests.email.inbound import NoSuchTarget, move
from guichet_requests.errors import Unknown
from guichet_requests.request import usecases
from guichet_requests.request.request import Request
from guichet_requests.timeline.item import Author, Item, Party

from .conftest import Service, World
from .mailing import answering, contact, received
from .test_crash import Killed, Mortal

CARO = Author("agent", "0190aaaa-0000-7000-8000-00000000ca40", "Caro Agent")


async def two(world: World) -> tuple[Request, Request, Item]:
    """Ada's request, with a second e-mail that belongs to the other one."""
    await world.hear(contact(), received("Un"), received("Autre", sender="bea@example.org", subject="Vase"))
    first = await world.the_request(0)
    await world.hear(received("Vase", sender="bea@example.org", thread=answering(first.id)))
    return await world.the_request(0), await world.the_request(1), (await world.emails(first.id))[1]


class TestMoving:
    async def test_an_e_mail_leaves_a_line_behind_and_is_unread_where_it_comes_to(self, world: World) -> None:
        left, other, email = await two(world)
        assert (left.unread, left.preview) == (2, "Vase")
        assert email.email is not None
        assert email.email.other_sender is True

        item, request = await move(world.room, left.id, email.id, other.id, by=CARO)

        assert (item.id, item.at, item.request_id, request.id) == (email.id, email.at, other.id, other.id)
        assert item.email is not None
        assert (item.email.other_sender, request.unread) == (False, 2)
        assert item.email.placed is not None
        assert item.email.placed.from_request is not None
        assert (item.email.placed.by, item.email.placed.moved_by) == ("moved", "Caro Agent")
        assert item.email.placed.from_request.number == left.number
        after = await world.the_request(0)
        assert (after.unread, after.preview) == (1, "Un")
        page, _ = await world.items.page(left.id, "asc", 50, None)
        (line,) = [one for one in page if one.event and one.event.name == "email_moved"]
        assert line.event is not None
        assert line.event.after == Party(other.id, f"#{other.number}")
        assert world.told("requests.email.filed.v1")[-1] == {
            "email_id": email.id, "request_id": other.id, "version": 2
        }  # fmt: skip

    async def test_it_can_begin_a_request_of_its_own_once(self, world: World) -> None:
        left, _, email = await two(world)

        item, own = await move(world.room, left.id, email.id, None, by=CARO)
        again, same = await move(world.room, left.id, email.id, None, by=CARO)

        assert await world.count() == 3
        assert (again, same.id, own.channel, own.unread) == (item, own.id, "email", 1)
        assert own.subject == "Lampe cassée"
        assert world.told("requests.contact.wanted.v1")[-1]["request_id"] == own.id

    async def test_it_can_go_back_and_be_moved_on(self, world: World) -> None:
        left, other, email = await two(world)
        await move(world.room, left.id, email.id, other.id, by=CARO)

        await move(world.room, other.id, email.id, left.id, by=CARO)
        await move(world.room, left.id, email.id, other.id, by=CARO)

        assert [one.text for one in await world.emails(other.id)] == ["Autre", "Vase"]
        assert [one.text for one in await world.emails(left.id)] == ["Un"]
        filing = await world.filings.get(email.id)
        assert filing is not None
        assert filing.version == 4

    async def test_what_was_sent_or_is_elsewhere_does_not_move(self, world: World) -> None:
        left, other, email = await two(world)
        sent = await answer(world.outbox, left.id, str(uuid4()), Answer(text="Oui"), by=CARO)
        with pytest.raises(NotMovable):
            await move(world.room, left.id, sent.id, other.id, by=CARO)
        with pytest.raises(Unknown):
            await move(world.room, other.id, email.id, None, by=CARO)
        with pytest.raises(Unknown):
            await move(world.room, left.id, "nothing", other.id, by=CARO)
        with pytest.raises(NoSuchTarget):
            await move(world.room, left.id, email.id, "nowhere", by=CARO)

    async def test_the_event_of_its_coming_in_does_not_bring_it_back(self, world: World) -> None:
        event = received("Un")
        await world.hear(event, received("Autre", sender="bea@example.org"))
        left, other = await world.the_request(0), await world.the_request(1)
        await move(world.room, left.id, event.data.email.id, other.id, by=CARO)

        await world.hear(event)

        assert await world.emails(left.id) == []
        assert len(await world.emails(other.id)) == 2

    @pytest.mark.parametrize("driver", ["pymongo"])  # what is in question is where it died
    async def test_the_agent_who_tries_again_completes_what_a_crash_left(self, world: World) -> None:
        for target in ("other", None):
            died, writes = True, 0
            while died:
                writes += 1
                await world.clear()
                left, other, email = await two(world)
                to = other.id if target else None
                died = await move_and_die_after(world, left.id, email.id, to, writes)

                _, request = await move(world.room, left.id, email.id, to, by=CARO)

                assert request.id == other.id if target else request.id not in (left.id, other.id)
                assert [one.text for one in await world.emails(left.id)] == ["Un"]
                assert "Vase" in [one.text for one in await world.emails(request.id)]
                assert (await usecases.get(world.requests, left.id)).unread == 1
                lines = [kind for kind, _ in await world.timeline(left.id) if kind == "email_moved"]
                assert lines == ["email_moved"]
            assert writes > 4

    async def test_of_two_agents_who_move_it_at_once_the_last_one_has_it_and_nothing_is_doubled(
        self, world: World
    ) -> None:
        for _ in range(4):
            await world.clear()
            left, other, email = await two(world)

            await asyncio.gather(
                move(world.room, left.id, email.id, other.id, by=CARO),
                move(world.room, left.id, email.id, None, by=CARO),
                return_exceptions=True,
            )

            filing = await world.filings.get(email.id)
            there = await world.items.get(email.id)
            assert filing is not None
            assert there is not None
            assert (there.request_id, there.revision) == (filing.place.request_id, filing.version)
            unread = {}
            async for document in world.requests.collection.find({}):
                unread[document["_id"]] = [key[1] for key in document["unseen"]]
            assert [where for where, ids in unread.items() if email.id in ids] == [filing.place.request_id]


async def move_and_die_after(world: World, left_id: str, email_id: str, to: str | None, writes: int) -> bool:
    mortal, lives = World.on(world.requests.collection.database), [writes]
    for store in (mortal.requests, mortal.items, mortal.filings):
        store.collection = Mortal(store.collection, lives)  # type: ignore[assignment]
    try:
        await move(mortal.room, left_id, email_id, to, by=CARO)
    except Killed:
        return True
    return False


class TestOverHTTP:
    async def test_an_agent_moves_an_e_mail_and_marks_a_timeline_as_read(self, service: Service) -> None:
        await service.world.requests.prepare()
        caro: Any = await service.signed_in()
        sender = f"{uuid4()}@example.org"
        event = received("Un", sender)
        await service.world.hear(event)
        item = await service.world.items.get(event.data.email.id)
        assert item is not None
        path = f"/requests/{item.request_id}/emails/{item.id}/move"

        moved = await caro.call("POST", path, json={"new": True})

        assert moved.status_code == 200, moved.text
        own = moved.json()["request"]
        assert moved.json()["item"]["email"]["placed"]["from_request"]["id"] == item.request_id
        assert moved.json()["item"]["email"]["from"]["email"] == sender
        assert own["unread"] == 1
        read = await caro.call("PUT", f"/requests/{own['id']}/read", json={"timeline_id": item.id})
        assert (read.status_code, read.json()["unread"]) == (200, 0)
        for body in ({}, {"new": True, "request_id": own["id"]}):
            assert (await caro.call("POST", path, json=body)).status_code == 422
        nowhere = await caro.call("POST", f"/requests/{own['id']}/emails/{item.id}/move", json={"request_id": "no"})
        assert (nowhere.status_code, nowhere.json()["errors"][0]["field"]) == (422, "request_id")
        unread = await caro.call("PUT", f"/requests/{own['id']}/read", json={"timeline_id": "no"})
        assert (unread.status_code, unread.json()["errors"][0]["field"]) == (422, "timeline_id")
