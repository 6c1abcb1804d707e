"""A process may die between any two writes: what comes again afterwards completes the rest."""

from typing import Any

import pytest
from guichet_kit.clock import now
from guichet_requests.request import usecases
from guichet_requests.request.request import note
from guichet_requests.timeline.item import Author

from .conftest import Visitor, World

WRITES = frozenset({"insert_one", "insert_many", "update_one", "bulk_write", "find_one_and_update"})


class Killed(BaseException):
    """Nothing in the service catches this: as with SIGKILL, nothing more is done."""


class Mortal:
    """A collection whose process dies right after one of its writes. All collections of a world share ``lives``."""

    def __init__(self, collection: Any, lives: list[int]) -> None:
        self._collection, self._lives = collection, lives

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._collection, name)
        if name not in WRITES:
            return real

        async def write(*arguments: Any, **options: Any) -> Any:
            result = await real(*arguments, **options)
            self._lives[0] -= 1
            if self._lives[0] == 0:
                raise Killed
            return result

        return write


async def hear_and_die_after(world: World, events: list[Any], writes: int) -> bool:
    """Whether the process died while it took the events in; it did not when it needs no more writes."""
    mortal, lives = World.on(world.requests.collection.database), [writes]
    mortal.requests.collection = Mortal(mortal.requests.collection, lives)  # type: ignore[assignment]
    mortal.requests._counters = Mortal(mortal.requests._counters, lives)  # type: ignore[assignment]
    mortal.items.collection = Mortal(mortal.items.collection, lives)  # type: ignore[assignment]
    try:
        await mortal.hear(*events)
    except Killed:
        return True
    return False


async def all_are_marked(world: World) -> bool:
    """Whether each request is marked as to be told of; nothing has taken a mark off in these tests."""
    return await world.requests.collection.count_documents({"untold": {"$exists": False}}) == 0


@pytest.mark.parametrize("driver", ["pymongo"])  # what is in question is where it died
class TestKilledBetweenWrites:
    async def test_a_redelivery_completes_what_was_begun(self, world: World) -> None:
        ada = Visitor(begun=now())
        events = [
            ada.writes("Un"),
            ada.is_answered("Deux"),
            ada.is_closed("in_progress"),
            ada.writes("Trois"),
            ada.is_closed("closed"),
            ada.writes("Quatre"),
        ]
        await world.hear(*events)
        expected, writes = await world.outcome(), 0

        for place in range(len(events)):
            died, writes = True, 0
            while died:
                writes += 1
                await world.clear()
                await world.hear(*events[:place])
                died = await hear_and_die_after(world, [events[place]], writes)

                await world.hear(*events[place:])

                assert await world.outcome() == expected
                assert await all_are_marked(world)
            assert writes > 2, "each event takes at least two writes"

    async def test_the_timeline_shows_at_once_what_its_request_tells_of(self, world: World, ada: Visitor) -> None:
        assert await hear_and_die_after(world, [ada.writes("Un")], writes=2)
        request = await world.requests.current_of(ada.id)
        assert request is not None

        assert [kind for kind, _ in await world.timeline(request.id)] == ["conversation_opened", "message"]

    async def test_a_note_is_not_written_twice_by_the_agent_who_tries_again(self, world: World, ada: Visitor) -> None:
        await world.hear(ada.writes("Un"))
        request = await world.requests.current_of(ada.id)
        assert request is not None
        mortal = World.on(world.requests.collection.database)
        mortal.requests.collection = Mortal(mortal.requests.collection, [1])  # type: ignore[assignment]
        author, note_id = Author("agent", "a", "Caro"), "0190aaaa-0000-7000-8000-000000000001"
        with pytest.raises(Killed):
            await usecases.add_note(
                mortal.requests, mortal.items, mortal.guard, request.id, note_id, "Rappeler", by=author
            )

        again = await usecases.add_note(
            world.requests, world.items, world.guard, request.id, note_id, "Rappeler", by=author
        )

        assert again.text == "Rappeler"
        assert [text for kind, text in await world.timeline(request.id) if kind == "note"] == ["Rappeler"]
        assert note(request, note_id, "Rappeler", by=author, at=again.at).items == (again,)
