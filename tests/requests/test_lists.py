"""Lists: what each view shows, in pages that do not shift, from an index."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from guichet_kit.mongo import Database, explain
from guichet_requests.request.listing import CHANNELS, STATUSES, Listing, Sort, View
from guichet_requests.request.request import Assignee, Change, Priority, Request, Status, Visitor
from guichet_requests.request.store import RequestStore
from guichet_requests.timeline.item import Channel

from .conftest import NOON, World
from .conftest import Visitor as WritingVisitor

ME, ALEX = Assignee("me", "Caro Agent", "CA"), Assignee("alex", "Alex Martin", "AM")


def made(number: int, **fields: Any) -> Request:
    at = NOON + timedelta(minutes=number)
    defaults: dict[str, Any] = {
        "channel": "manual",
        "subject": f"Request {number}",
        "visitor": Visitor(f"v{number}"),
        "status_at": at,
        "created_at": at,
        "last_activity_at": at,
    }
    return Request(id=f"r{number:04}", number=number, **defaults | fields)


async def fill(store: RequestStore) -> list[Request]:
    """One request for each channel, status, priority and holder."""
    kinds = itertools.product(CHANNELS, STATUSES, get_args(Priority), (None, ME, ALEX))
    requests = [
        made(number, channel=channel, status=status, priority=priority, assignee=assignee)
        for number, (channel, status, priority, assignee) in enumerate(kinds)
    ]
    for request in requests:
        await store.insert(Change(request))
    return requests


async def all_pages(store: RequestStore, listing: Listing, limit: int) -> list[Request]:
    found, cursor = [], None
    while True:
        page, cursor = await store.page(listing, limit, cursor)
        found += page
        if cursor is None:
            return found


def plan_stages(plan: Mapping[str, Any]) -> Iterator[str]:
    yield plan["stage"]
    for below in [*plan.get("inputStages", ()), *([plan["inputStage"]] if "inputStage" in plan else ())]:
        yield from plan_stages(below)


IN_VIEW: Mapping[View, Any] = {
    "all": lambda r: True,
    "open": lambda r: r.status != "closed",
    "mine": lambda r: r.status != "closed" and r.assignee == ME,
    "unassigned": lambda r: r.status != "closed" and r.assignee is None,
    "closed": lambda r: r.status == "closed",
}
SORT_KEY: Mapping[Sort, Any] = {
    "-last_activity_at": lambda r: (-r.last_activity_at.timestamp(),),
    "created_at": lambda r: (r.created_at.timestamp(),),
    "-priority": lambda r: (-get_args(Priority).index(r.priority), -r.last_activity_at.timestamp()),
}


class TestViewsAndFilters:
    async def test_each_view_shows_what_it_says_in_the_order_asked_for(self, world: World) -> None:
        requests = await fill(world.requests)
        for view, sort in itertools.product(get_args(View), get_args(Sort)):
            expected = sorted(filter(IN_VIEW[view], requests), key=SORT_KEY[sort])
            found = await all_pages(world.requests, Listing(viewer_id="me", view=view, sort=sort), 50)
            assert [r.id for r in found] == [r.id for r in expected], (view, sort)

    async def test_filters_combine_with_views(self, world: World) -> None:
        requests = await fill(world.requests)
        listing = Listing(viewer_id="me", view="open", channel="chat", status="pending", priority="high")
        listing = replace(listing, assignee_id="alex")
        expected = [
            r.id for r in requests if (r.channel, r.status, r.priority, r.assignee) == ("chat", "pending", "high", ALEX)
        ]
        assert [r.id for r in await all_pages(world.requests, listing, 50)] == expected

    @pytest.mark.parametrize(
        "filters",
        [
            {"view": "open", "status": "closed"},
            {"view": "mine", "assignee_id": "alex"},
            {"view": "unassigned", "assignee_id": "me"},
            {"view": "all", "contact_id": "nobody"},
        ],
    )
    async def test_filters_that_exclude_each_other_show_nothing(self, world: World, filters: Any) -> None:
        await fill(world.requests)
        assert await world.requests.page(Listing(viewer_id="me", **filters), 50, None) == ([], None)

    async def test_the_counts_are_those_of_the_views(self, world: World) -> None:
        requests = await fill(world.requests)
        counts = await world.requests.counts("me")
        assert counts == {view: sum(map(passes, requests)) for view, passes in IN_VIEW.items() if view != "closed"}


class TestPages:
    @pytest.mark.parametrize("sort", get_args(Sort))
    async def test_requests_of_one_instant_are_each_on_one_page(self, world: World, sort: Sort) -> None:
        for number in range(25):
            await world.requests.insert(
                Change(made(number, created_at=NOON, last_activity_at=NOON))
            )  # fmt: skip
        found = await all_pages(world.requests, Listing(viewer_id="me", sort=sort), 4)
        assert sorted(r.number for r in found) == list(range(25))

    async def test_no_row_is_shown_twice_or_left_out_while_others_move_up(self, world: World) -> None:
        for number in range(20):
            await world.requests.insert(Change(made(number)))
        listing = Listing(viewer_id="me")
        first, cursor = await world.requests.page(listing, 10, None)
        moved = await world.requests.get("r0003")
        assert moved is not None
        moved_up = replace(moved, last_activity_at=NOON + timedelta(days=1), version=2)
        assert await world.requests.replace(moved, Change(moved_up))
        await world.requests.insert(Change(made(20)))

        second, end = await world.requests.page(listing, 10, cursor)

        assert [r.number for r in first] == list(range(19, 9, -1))
        assert [r.number for r in second] == [9, 8, 7, 6, 5, 4, 2, 1, 0]
        assert end is None

    @pytest.mark.parametrize("order", ["asc", "desc"])
    async def test_timeline_pages_hold_each_item_once_in_order(self, world: World, order: Any) -> None:
        ada = WritingVisitor()
        await world.hear(*(ada.writes(f"Message {n}", at=ada.conversation.opened_at) for n in range(12)))
        request = await world.requests.current_of(ada.id)
        assert request is not None
        texts: list[str] = []
        cursor = None
        while True:
            page, cursor = await world.items.page(request.id, order, 5, cursor)
            texts += [item.text for item in page]
            if cursor is None:
                break
        expected = ["Ada opened a conversation", *(f"Message {n}" for n in range(12))]
        assert texts == (expected if order == "asc" else expected[::-1])


class TestIndexes:
    async def test_no_list_scans_the_collection_or_sorts_in_memory(self, world: World, database: Database) -> None:
        await fill(world.requests)
        channels: tuple[Channel | None, ...] = (None, "chat")
        statuses: tuple[Status | None, ...] = (None, "pending")
        asked = itertools.product(get_args(View), get_args(Sort), channels, statuses, (None, "alex"))
        await database.command("profile", 2)
        for view, sort, channel, status, holder in asked:
            listing = Listing(
                viewer_id="me", view=view, sort=sort, channel=channel, status=status, assignee_id=holder
            )  # fmt: skip
            _, cursor = await world.requests.page(listing, 2, None)
            if cursor:
                await world.requests.page(listing, 2, cursor)
        await database.command("profile", 0)
        queries = await database["system.profile"].find({"command.find": "requests", "command.limit": 3}).to_list(None)

        assert len(queries) > 100
        for query in queries:
            command = {
                key: query["command"][key] for key in ("find", "filter", "sort", "hint", "limit", "projection")
            }  # fmt: skip
            plan = await explain(database, command)
            stages = set(plan_stages(plan["queryPlanner"]["winningPlan"]))
            assert "IXSCAN" in stages
            assert not stages & {"COLLSCAN", "SORT"}, (command, stages)
            read = plan["executionStats"]["totalKeysExamined"]
            assert read <= 3 * plan["executionStats"]["nReturned"] + 40, (command, read)
