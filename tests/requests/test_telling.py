"""Changed requests are told of: with their last state, not too often, and in the end always."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from guichet_kit.broker import PublishFailed
from guichet_kit.clock import now
from guichet_requests.request import telling
from guichet_requests.request.request import edit, note
from guichet_requests.request.telling import EVERY_SECONDS, MIN_AGE, Teller
from guichet_requests.request.usecases import change
from guichet_requests.timeline.item import Author

from .conftest import Visitor, World

CARO = Author("agent", "a", "Caro")

pytestmark = pytest.mark.parametrize("driver", ["pymongo"])  # what is in question is who tells


class Heard:
    """What was published, when, and how many at once; fails while ``away``, and lets something happen in between."""

    def __init__(self) -> None:
        self.messages: list[tuple[float, list[tuple[str, int]]]] = []
        self.away = False
        self.meanwhile: Callable[[], Any] | None = None

    async def publish_batch(self, events: Sequence[Mapping[str, Any]]) -> None:
        if self.away:
            raise PublishFailed("away")
        told = [(event["subject"], event["data"]["request"]["version"]) for event in events]
        self.messages.append((time.monotonic(), told))
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            await happens()

    def of(self, request_id: str) -> list[tuple[float, int]]:
        return [(at, version) for at, told in self.messages for one, version in told if one == request_id]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def teller(world: World, heard: Heard) -> Teller:
    made = Teller(heard, world.requests.collection)
    world.requests._telling = made
    return made


async def marked(world: World) -> int:
    return int(await world.requests.collection.count_documents({"untold": {"$exists": True}}))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


async def none_is_marked(world: World) -> None:
    async with asyncio.timeout(60):
        while await marked(world):
            await asyncio.sleep(0.02)


class TestTeller:
    async def test_a_change_is_told_of_and_its_mark_taken_off(
        self, world: World, teller: Teller, heard: Heard, ada: Visitor
    ) -> None:
        async with teller.running():
            await world.hear(ada.writes("Un"))
            request = await world.the_request()
            await until(lambda: bool(heard.messages))
            await none_is_marked(world)

        assert [version for _, version in heard.of(request.id)] == [1]

    async def test_a_busy_request_is_told_of_a_few_times_a_second_and_with_its_last_state(
        self, world: World, teller: Teller, heard: Heard, ada: Visitor
    ) -> None:
        begun = time.monotonic()
        async with teller.running():
            for number in range(60):
                await world.hear(ada.writes(f"Message {number}"))
            request = await world.the_request()
            await until(lambda: bool(told := heard.of(request.id)) and told[-1][1] == 60)
            await none_is_marked(world)
        rounds = (time.monotonic() - begun) / EVERY_SECONDS

        told = [version for _, version in heard.of(request.id)]
        assert len(told) <= rounds + 1
        assert told == sorted({*told})

    async def test_what_changes_at_once_goes_in_one_message(self, world: World, teller: Teller, heard: Heard) -> None:
        visitors = [Visitor(f"V{n}", begun=now()) for n in range(30)]
        for visitor in visitors:
            await world.hear(visitor.writes("Bonjour"))
        async with teller.running():
            await none_is_marked(world)

        assert [len(told) for _, told in heard.messages] == [30]

    async def test_a_change_between_the_telling_and_the_mark_is_told_of_too(
        self, world: World, teller: Teller, heard: Heard, ada: Visitor
    ) -> None:
        other = World.on(world.requests.collection.database)  # a replica that dies before it tells

        async def another_change() -> None:
            request = await other.the_request()
            await change(other.requests, request.id, lambda r: note(r, "n", "Note", by=CARO, at=now()))

        heard.meanwhile = another_change
        async with teller.running():
            await world.hear(ada.writes("Un"))
            await until(lambda: bool(teller._marked))
            await teller.take_off([(await world.the_request()).id])
            assert await marked(world) == 1

        await long_ago(world)
        async with teller.running():
            assert await teller.sweep() == 1
            await none_is_marked(world)
        assert [version for _, version in heard.of((await world.the_request()).id)] == [1, 2]

    async def test_what_could_not_be_told_is_told_as_it_is_then_by_whoever_sweeps(
        self, world: World, teller: Teller, heard: Heard, ada: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(telling, "_PAUSE_SECONDS", 0.05)
        heard.away = True
        async with teller.running():
            await world.hear(ada.writes("Un"))
            await until(lambda: not teller._waiting)
        assert await marked(world) == 1
        other = World.on(world.requests.collection.database)
        request = await other.the_request()
        await change(other.requests, request.id, lambda r: edit(r, by=CARO, at=now(), subject="Lampe"))

        heard.away = False
        survivor = Teller(heard, other.requests.collection)
        assert await survivor.sweep() == 0, "a young mark is its writer's"
        await long_ago(world)
        async with survivor.running():
            assert await survivor.sweep() == 1
            await none_is_marked(world)

        assert [version for _, version in heard.of(request.id)] == [2]

    async def test_the_oldest_mark_keeps_its_time(self, world: World, ada: Visitor) -> None:
        await world.hear(ada.writes("Un"))
        await long_ago(world)
        since = (await world.requests.collection.find_one({}) or {})["untold"]
        await world.hear(ada.writes("Deux"))
        assert (await world.requests.collection.find_one({}) or {})["untold"] == since

    async def test_the_mark_stays_while_a_request_goes_on_changing(
        self, world: World, teller: Teller, heard: Heard, ada: Visitor
    ) -> None:
        request_ids = []
        for number in range(3):
            await world.hear(ada.writes(f"Message {number}"))
            request_ids = [(await world.the_request()).id]
            await teller.round(request_ids)
            assert await marked(world) == 1
        await teller.take_off(request_ids)
        await none_is_marked(world)
        assert [version for _, version in heard.of(request_ids[0])] == [1, 2, 3]

    async def test_the_mark_of_a_request_that_was_told_of_is_moved_by_its_next_change(
        self, world: World, teller: Teller, ada: Visitor
    ) -> None:
        await world.hear(ada.writes("Un"))
        request = await world.the_request()
        await teller.round([request.id])
        await long_ago(world)
        teller._marked[request.id].since -= telling.MOVED_AFTER
        await world.hear(ada.writes("Deux"))
        since = (await world.requests.untold())[1]
        assert since is not None
        assert since > now() - MIN_AGE
        assert await teller.sweep() == 0

    async def test_two_processes_that_change_a_request_in_turn_leave_no_old_mark(
        self, world: World, teller: Teller, heard: Heard, ada: Visitor
    ) -> None:
        await world.hear(ada.writes("Un"))
        request = await world.the_request()
        await teller.round([request.id])
        await long_ago(world)
        other = World.on(world.requests.collection.database)
        await change(other.requests, request.id, lambda r: note(r, "n", "Note", by=CARO, at=now()))
        await teller.take_off([request.id])
        async with asyncio.timeout(60):
            # It shows once a majority has it.
            while (since := (await world.requests.untold())[1]) is None or since < now() - MIN_AGE:
                await asyncio.sleep(0.02)
        assert await marked(world) == 1

    async def test_marks_that_cannot_be_told_of_are_not_moved(
        self, world: World, teller: Teller, heard: Heard, ada: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(telling, "_PAUSE_SECONDS", 0.05)
        await world.hear(ada.writes("Un"))
        request = await world.the_request()
        await teller.round([request.id])
        await long_ago(world)
        marked, heard.away = teller._marked[request.id], True
        async with teller.running():
            await world.hear(ada.writes("Deux"))
            await until(lambda: not teller._waiting)
            marked.since -= telling.MOVED_AFTER
            await world.hear(ada.writes("Trois"))
            since = (await world.requests.untold())[1]
        assert since is not None
        assert since < now() - MIN_AGE

    async def test_what_waits_at_the_end_is_told_before_it(
        self, world: World, teller: Teller, heard: Heard, ada: Visitor
    ) -> None:
        async with teller.running():
            await world.hear(ada.writes("Un"))
            await until(lambda: bool(heard.messages))
            await world.hear(ada.writes("Deux"))
        await none_is_marked(world)  # nobody sweeps any more; the mark's going shows once a majority has it
        assert [version for _, version in heard.of((await world.the_request()).id)] == [1, 2]


async def long_ago(world: World) -> None:
    await world.requests.collection.update_many({}, {"$set": {"untold": now() - MIN_AGE - timedelta(seconds=1)}})


async def test_operators_are_told_how_many_wait_and_since_when(world: World, ada: Visitor) -> None:
    assert await world.requests.untold() == (0, None)
    await world.hear(ada.writes("Un"))
    await long_ago(world)
    await world.hear(Visitor("Béa", begun=now()).writes("Deux"))
    count, since = await world.requests.untold()
    assert (count, since is not None and since < now() - MIN_AGE) == (2, True)
