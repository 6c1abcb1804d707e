"""Entries of many conversations, taken in together: as if each had come alone, with a few commands for all."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from guichet_kit.clock import now
from guichet_kit.mongo import Database, open_client
from guichet_requests.errors import Unknown
from guichet_requests.request import chat
from guichet_requests.request.hearing import PredecessorUnknown
from guichet_requests.request.request import Change, with_status
from guichet_requests.request.usecases import change
from pymongo import monitoring

from .conftest import Visitor, World
from .test_crash import Killed, Mortal
from .test_order import deliver, written


class Commands(monitoring.CommandListener):
    """Counts the commands that reach the server."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to do."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to do."""


async def begun(world: World, count: int) -> list[Visitor]:
    """Visitors, each with a request that holds their conversation."""
    visitors = [Visitor(f"Visitor {n}", begun=now() - timedelta(seconds=60)) for n in range(count)]
    for visitor in visitors:
        await world.hear(visitor.writes("Bonjour"))
    return visitors


async def deliver_together(world: World, events: Sequence[Any], size: int) -> None:
    """As the kit does: in batches, then what these leave one by one; what must wait comes again later."""
    waiting = list(events)
    while waiting:
        part, waiting = waiting[:size], waiting[size:]
        for index in await world.hear_together(*part):
            try:
                await world.hear(part[index])
            except (PredecessorUnknown, Unknown):
                waiting.append(part[index])


@pytest.mark.parametrize("driver", ["pymongo"])  # what is in question is what is decided
class TestABatch:
    async def test_it_has_the_outcome_of_its_entries_one_by_one(self, world: World) -> None:
        choose = random.Random(11)  # noqa: S311  the same at every run
        events = [event for _ in range(4) for event in written(choose, 2)]
        await deliver(world.stores, events)
        expected = await world.outcome()
        for size in (1, 3, 50):
            await world.clear()
            repeated = choose.sample(events, len(events)) + choose.sample(events, 10)
            await deliver_together(world, repeated, size)
            assert sorted(map(repr, await world.outcome())) == sorted(map(repr, expected)), size

    async def test_a_request_changes_once_however_many_of_its_entries_there_are(
        self, world: World, ada: Visitor
    ) -> None:
        await world.hear(ada.writes("Un"))
        world.relay.changed.clear()

        assert await world.hear_together(ada.writes("Deux"), ada.is_answered("Trois"), ada.writes("Quatre")) == []

        assert [(one.version, one.preview, one.unread) for one in world.relay.changed] == [(2, "Quatre", 1)]
        request = await world.the_request()
        assert [text for kind, text in await world.timeline(request.id) if kind == "message"] == [
            *("Un", "Deux", "Trois", "Quatre"),
        ]

    async def test_what_is_on_no_request_yet_is_left_and_holds_nothing_up(self, world: World, ada: Visitor) -> None:
        await world.hear(ada.writes("Un"))
        bea = Visitor("Béa", begun=now())

        left = await world.hear_together(bea.writes("Nouveau"), ada.writes("Deux"), bea.writes("Encore"))

        assert left == [0, 2]
        assert (await world.the_request()).preview == "Deux"

    async def test_what_fails_is_left_and_holds_nothing_up(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        ada, bea = await begun(world, 2)
        real = chat.take_in

        def failing(request: Any, opening: Any, entry: Any, known: Any = None) -> Any:
            if entry.text == "Poison":
                raise ValueError("as no entry should")
            return real(request, opening, entry, known)

        monkeypatch.setattr(chat, "take_in", failing)

        assert await world.hear_together(ada.writes("Poison"), ada.writes("Deux"), bea.writes("Trois")) == [0]

        first, second = await world.the_request(0), await world.the_request(1)
        assert (first.preview, second.preview) == ("Deux", "Trois")
        assert not first.conversations[0].has_heard(2)
        assert first.conversations[0].has_heard(3)

    async def test_a_repeat_changes_nothing(self, world: World) -> None:
        ada, bea = await begun(world, 2)
        events = [ada.writes("Un"), bea.writes("Deux"), ada.is_read(2)]
        await world.hear_together(*events)
        before = await world.outcome()
        world.relay.changed.clear()

        assert await world.hear_together(*events, *events) == []

        assert await world.outcome() == before
        assert world.relay.changed == []

    async def test_a_request_that_a_unique_key_refuses_is_left_and_holds_nothing_up(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada, bea = await begun(world, 2)
        late = ada.writes("Tard")
        await world.hear(ada.is_closed("closed"), ada.writes("Une autre"))
        real = chat.take_in

        def waking(request: Any, opening: Any, entry: Any, known: Any = None) -> Any:
            taken = real(request, opening, entry, known)
            if entry.text != "Tard" or taken is None:
                return taken
            # Nothing that is heard does this: it would be the current request of its visitor beside the other one.
            return Change(with_status(taken.request, "in_progress", now()), taken.items)

        monkeypatch.setattr(chat, "take_in", waking)

        assert await world.hear_together(late, bea.writes("Trois")) == [0]

        assert ((await world.the_request(0)).status, (await world.the_request(1)).preview) == ("closed", "Trois")


@pytest.mark.parametrize("driver", ["pymongo"])
class TestWhileOthersChangeTheRequests:
    async def test_what_changed_meanwhile_is_read_and_applied_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada, bea = await begun(world, 2)
        store, real, races = world.requests, world.requests.take_in_many, [2]
        first = await world.the_request(0)

        async def raced(changes: Any) -> Any:
            if races[0]:
                races[0] -= 1
                await change(store, first.id, lambda r: Change(with_status(r, "pending", now())))
            return await real(changes)

        monkeypatch.setattr(store, "take_in_many", raced)
        world.relay.changed.clear()

        assert await world.hear_together(ada.is_answered("Un"), bea.writes("Deux")) == []

        first, second = await world.the_request(0), await world.the_request(1)
        assert (first.version, first.status, first.preview) == (4, "pending", "Un")
        assert (second.version, second.preview) == (2, "Deux")
        # The second one was saved by the command that did not do all, and is told of all the same.
        newest = {one.id: one.version for one in world.relay.changed}
        assert newest == {first.id: 4, second.id: 2}

    async def test_two_replicas_with_the_same_entries_and_others_lose_and_double_nothing(self, world: World) -> None:
        visitors = await begun(world, 5)
        events = [visitor.writes(f"Message {n}") for n in range(20) for visitor in visitors]
        other = World.on(world.requests.collection.database)

        async def all_of(replica: World, begin: int, end: int) -> None:
            for place in range(begin, end, 10):
                await replica.hear_together(*events[place : place + 10])

        await asyncio.gather(all_of(world, 0, 70), all_of(other, 30, 100))

        for number in range(5):
            request = await world.the_request(number)
            assert request.unread == 21
            said = [text for kind, text in await world.timeline(request.id) if kind == "message"]
            assert said == ["Bonjour", *(f"Message {n}" for n in range(20))]


@pytest.mark.parametrize("driver", ["pymongo"])
class TestKilledInABatch:
    async def test_a_redelivery_completes_what_was_begun(self, world: World) -> None:
        visitors = [Visitor(f"V{n}", begun=now() - timedelta(seconds=60)) for n in range(3)]
        first = [visitor.writes("Bonjour") for visitor in visitors]
        events = [visitor.writes(f"Message {n}") for n in range(3) for visitor in visitors]
        await world.hear(*first, *events)
        expected, writes, died = await world.outcome(), 0, True

        while died:
            writes, died = writes + 1, False
            await world.clear()
            await world.hear(*first)
            mortal, lives = World.on(world.requests.collection.database), [writes]
            mortal.requests.collection = Mortal(mortal.requests.collection, lives)  # type: ignore[assignment]
            mortal.items.collection = Mortal(mortal.items.collection, lives)  # type: ignore[assignment]
            try:
                await mortal.hear_together(*events)
            except Killed:
                died = True
            # Never a request that tells of what is not on its timeline.
            for number in range(3):
                request = await world.the_request(number)
                said = [text for kind, text in await world.timeline(request.id) if kind == "message"]
                assert len(said) >= request.unread

            assert await world.hear_together(*events) == []
            assert await world.outcome() == expected
        assert writes == 3, "one write of the items, one of the requests"


@pytest.mark.parametrize("driver", ["pymongo"])
class TestCommands:
    @pytest.fixture
    async def counted(self, mongodb_url: str, database: Database) -> Any:
        """A world whose commands are counted, on the same database."""
        commands = Commands()
        monitoring.register(commands)
        client = open_client(mongodb_url, "pymongo", "counted")
        yield World.on(client.database(database.name)), commands
        await client.close()
        monitoring._LISTENERS.command_listeners.remove(commands)

    async def test_twenty_entries_on_ten_requests_take_five(self, world: World, counted: Any) -> None:
        replica, commands = counted
        visitors = await begun(world, 10)
        events = [visitor.writes(f"Message {n}") for n in range(2) for visitor in visitors]
        await replica.requests.collection.find_one({})
        commands.names.clear()

        assert await replica.hear_together(*events) == []

        assert commands.names == ["find", "find", "insert", "update", "find"]

    async def test_a_single_one_takes_no_more(self, world: World, counted: Any) -> None:
        replica, commands = counted
        (ada,) = await begun(world, 1)
        event = ada.writes("Deux")
        await replica.requests.collection.find_one({})
        commands.names.clear()

        assert await replica.hear_together(event) == []

        assert commands.names == ["find", "find", "insert", "update", "find"]
