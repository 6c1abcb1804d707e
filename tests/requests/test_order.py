"""The order in which events come, and how often, does not matter: neither in memory nor in MongoDB."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from guichet_contracts.chat import ClosingStatus
from guichet_requests import consumers
from guichet_requests.errors import Unknown
from guichet_requests.request.events import snapshot
from guichet_requests.request.hearing import PredecessorUnknown
from guichet_requests.request.request import Change, Link, Request
from guichet_requests.request.store import Taken
from guichet_requests.timeline.item import Item
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import Visitor, World

STATUSES: tuple[ClosingStatus, ...] = ("in_progress", "pending", "closed")


class RequestsInMemory:
    """What the use cases need of `RequestStore`, with the same unique keys."""

    def __init__(self) -> None:
        self.requests: dict[str, Request] = {}
        self.items: dict[str, Item] = {}
        self.versions: list[tuple[str, int]] = []

    async def next_number(self) -> int:
        return 1001 + len(self.requests)

    async def get(self, request_id: str) -> Request | None:
        return self.requests.get(request_id)

    async def holding(self, conversation_id: str) -> Request | None:
        return next((r for r in self.requests.values() if any(c.id == conversation_id for c in r.conversations)), None)

    async def current_of(self, visitor_id: str) -> Request | None:
        return next((r for r in self.requests.values() if r.visitor and r.visitor.id == visitor_id and r.current), None)

    async def last_link_of(self, visitor_id: str) -> Link | None:
        return None

    async def insert(self, change: Change) -> None:
        self._save(change)

    async def replace(self, before: Request, change: Change) -> bool:
        assert self.requests[before.id] == before
        self._save(change)
        return True

    async def take_in(self, before: Request, change: Change) -> bool:
        return await self.replace(before, change)

    def _save(self, change: Change) -> None:
        others = [r for r in self.requests.values() if r.id != change.request.id]
        if change.request.current and any(r.current for r in others):
            raise Taken
        self.requests[change.request.id] = change.request
        for item in change.items:
            assert self.items.setdefault(item.id, item) == item
        self.versions.append((change.request.id, change.request.version))

    def outcome(self) -> list[Any]:
        shown = []
        for request in sorted(self.requests.values(), key=lambda r: r.created_at):
            view = snapshot(request).model_dump(exclude={"id", "number", "version"})
            items = sorted(
                (replace(item, request_id="") for item in self.items.values() if item.request_id == request.id),
                key=lambda item: (item.at, item.rank, item.id),
            )
            shown.append((view, items))
        return shown


class NobodyErased:
    async def of_visitor(self, visitor_id: str) -> None:
        return None


async def deliver(stores: consumers.Stores, events: Sequence[Any]) -> None:
    """As the broker does: what is refused comes again after the others."""
    waiting = list(events)
    while waiting:
        event = waiting.pop(0)
        try:
            await consumers.take_in(stores, event)
        except (PredecessorUnknown, Unknown):
            waiting.append(event)


async def outcome_of(events: Sequence[Any]) -> tuple[list[Any], list[tuple[str, int]]]:
    store = RequestsInMemory()
    everywhere = SimpleNamespace(requests=store, items=None, contacts=None, files=None, erasures=NobodyErased())
    stores = SimpleNamespace(requests=store, everywhere=everywhere)
    await deliver(cast("consumers.Stores", stores), events)
    return store.outcome(), store.versions


def written(choose: random.Random, conversations: int) -> list[Any]:
    """All that happens in several conversations of one visitor."""
    ada = Visitor()
    events: list[Any] = []
    for _ in range(conversations):
        for said in range(choose.randint(1, 3)):
            events.append(choose.choice((ada.writes, ada.is_answered))(f"Dit {said}"))
            if choose.random() < 0.3:
                events.append(ada.is_read(choose.randint(1, said + 1)))
        events.append(ada.is_closed(choose.choice(STATUSES)))
    return events


class TestInMemory:
    @pytest.mark.parametrize("status", STATUSES)
    async def test_every_order_of_two_conversations_has_the_same_outcome(self, status: ClosingStatus) -> None:
        ada = Visitor()
        events = [
            ada.writes("Un"),
            ada.is_answered("Deux"),
            ada.is_closed(status),
            ada.writes("Trois"),
            ada.is_answered("Quatre"),
            ada.is_closed("pending"),
        ]
        expected, _ = await outcome_of(events)

        assert len(expected) == (2 if status == "closed" else 1)
        for order in itertools.permutations(events):
            assert (await outcome_of(order))[0] == expected

    @settings(max_examples=300, deadline=None)
    @given(seed=st.integers(0, 2**32), conversations=st.integers(1, 5), repeats=st.integers(1, 3))
    async def test_random_orders_with_repeats_have_the_same_outcome(
        self, seed: int, conversations: int, repeats: int
    ) -> None:
        choose = random.Random(seed)  # noqa: S311  hypothesis chooses the seed
        events = written(choose, conversations)
        expected, _ = await outcome_of(events)

        outcome, versions = await outcome_of(choose.sample(events * repeats, len(events) * repeats))

        assert outcome == expected
        assert len(versions) == len(set(versions)) <= len(events)


@pytest.mark.parametrize("driver", ["pymongo"])  # what is in question is the order
class TestInMongoDB:
    async def test_random_orders_with_repeats_have_the_same_outcome(self, world: World) -> None:
        choose = random.Random(7)  # noqa: S311  the same at every run
        events = written(choose, 4)
        await world.hear(*events)
        expected = await world.outcome()
        for _ in range(3):
            await world.clear()
            await deliver(world.stores, choose.sample(events * 2, len(events) * 2))
            assert await world.outcome() == expected
