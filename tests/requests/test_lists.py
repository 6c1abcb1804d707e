"""Lists: what each view shows, in pages that do not shift, from an index."""

import itertools
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast, get_args

import pytest
from guichet_kit.mongo import Database, aggregate, open_client
from guichet_requests.folding import query_words
from guichet_requests.request.api import Counts
from guichet_requests.request.events import snapshot
from guichet_requests.request.listing import CHANNELS, STATUSES, Listing, Sort, View
from guichet_requests.request.lists import COUNTED, FEW
from guichet_requests.request.request import Assignee, Change, Contact, Priority, Request, Visitor
from guichet_requests.request.store import RequestStore

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


async def all_pages(store: RequestStore, listing: Listing, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
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
            assert [r["id"] for r in found] == [r.id for r in expected], (view, sort)

    async def test_filters_combine_with_views(self, world: World) -> None:
        requests = await fill(world.requests)
        listing = Listing(viewer_id="me", view="open", channel="chat", status="pending", priority="high")
        listing = replace(listing, assignee_id="alex")
        expected = [
            r.id for r in requests if (r.channel, r.status, r.priority, r.assignee) == ("chat", "pending", "high", ALEX)
        ]
        assert [r["id"] for r in await all_pages(world.requests, listing, 50)] == expected

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

    async def test_what_is_too_much_to_count_is_said_to_be_more(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await fill(world.requests)
        monkeypatch.setattr("guichet_requests.request.lists.COUNTED", 48)
        monkeypatch.setattr("guichet_requests.request.api.COUNTED", 48)
        counts = Counts.of(await world.requests.counts("me"))
        assert counts == Counts(all=144, open=48, mine=36, unassigned=36, more=["open"])
        monkeypatch.setattr("guichet_requests.request.lists.COUNTED", 36)
        monkeypatch.setattr("guichet_requests.request.api.COUNTED", 36)
        assert Counts.of(await world.requests.counts("me")).more == ["open"]


class TestRows:
    async def test_a_row_says_what_the_request_says_everywhere_else(self, world: World) -> None:
        ada, bea = WritingVisitor("Ada", email="ada@example.com"), WritingVisitor(None)
        await world.hear(ada.writes("Un"), ada.writes("Deux"), ada.is_closed("pending"), ada.writes("Trois"))
        await world.hear(bea.writes("Bonjour"), bea.is_answered("Bonjour"), bea.is_closed("closed"))
        bare = made(7, visitor=None, subject=None)
        full = made(
            8,
            contact=Contact("c", "Éloïse", "e@example.com"),
            assignee=ME,
            reason_id="r",
            preview="…",
            unseen=((NOON, "a"), (NOON, "b")),
            last_activity_at=NOON + timedelta(milliseconds=123),
        )
        await world.requests.insert(Change(bare))
        await world.requests.insert(Change(full))

        rows, _ = await world.requests.page(Listing(viewer_id="me"), 50, None)

        assert len(rows) == 4
        for row in rows:
            request = await world.requests.get(row["id"])
            assert request is not None
            shown = snapshot(request).model_dump(mode="json")
            assert (list(row), row) == (list(shown), shown)
        assert {row["unread"] for row in rows} == {0, 2, 3}


class TestPages:
    @pytest.mark.parametrize("sort", get_args(Sort))
    async def test_requests_of_one_instant_are_each_on_one_page(self, world: World, sort: Sort) -> None:
        for number in range(25):
            await world.requests.insert(
                Change(made(number, created_at=NOON, last_activity_at=NOON))
            )  # fmt: skip
        found = await all_pages(world.requests, Listing(viewer_id="me", sort=sort), 4)
        assert sorted(r["number"] for r in found) == list(range(25))

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

        assert [r["number"] for r in first] == list(range(19, 9, -1))
        assert [r["number"] for r in second] == [9, 8, 7, 6, 5, 4, 2, 1, 0]
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


FOUND_BY = {
    "eloise": [3],
    "ELO oeu": [3],
    "de ouvre": [],
    "lam": [3, 2],
    "bea lampe": [2],
    "1001": [1],
    "#100": [3, 2, 1],
    "00": [],
    "?!": [3, 2, 1],
    "lampe absente": [],
}


class TestSearch:
    @pytest.mark.parametrize("few", [1, FEW])
    async def test_each_word_begins_a_word_of_a_name_the_subject_or_the_number(
        self, world: World, monkeypatch: pytest.MonkeyPatch, few: int
    ) -> None:
        monkeypatch.setattr("guichet_requests.request.lists.FEW", few)
        people = [None, Visitor("b", "Béa"), Visitor("e", "Zoé")]
        contacts = [None, None, Contact("e", "Éloïse d’Œuvre")]
        subjects = ["Facture", "Ma lampe", "Lampes & co"]
        for number, (visitor, contact, subject) in enumerate(zip(people, contacts, subjects, strict=True), 1001):
            await world.requests.insert(Change(made(number, visitor=visitor, contact=contact, subject=subject)))

        for query, expected in FOUND_BY.items():
            listing = Listing(viewer_id="me", words=query_words(query))
            found = await all_pages(world.requests, listing, 2)
            assert [r["number"] - 1000 for r in found] == expected, query

    async def test_it_combines_with_the_other_filters(self, world: World) -> None:
        requests = await fill(world.requests)
        listing = Listing(viewer_id="me", view="mine", channel="chat", priority="high", words=("request",))
        expected = [r.id for r in requests if IN_VIEW["mine"](r) and (r.channel, r.priority) == ("chat", "high")]
        assert [r["id"] for r in await all_pages(world.requests, listing, 50)] == expected[::-1]


MANY = 100_000


@pytest.fixture
async def many(world: World, database: Database) -> World:
    """100,000 requests, made by the server itself out of one."""
    await world.requests.insert(Change(made(0)))
    number = "$number"
    of_fifty = tuple(map(str, range(50)))
    agent = {"id": {"$concat": ["agent", nth(of_fifty, 20)]}, "name": "Alex Martin", "initials": "AM"}
    pipeline: list[dict[str, Any]] = [
        {"$set": {"number": {"$range": [1, MANY + 1]}, "outbox": []}},
        {"$unwind": number},
        {"$set": {"at": {"$dateAdd": {"startDate": "$created_at", "unit": "second", "amount": number}}}},
        {
            "$set": {
                "_id": {"$toString": number},
                "visitor.id": {"$toString": number},
                "status": {"$cond": [{"$mod": [number, 20]}, "closed", nth(("new", "in_progress", "pending"), 3)]},
                "channel": nth(CHANNELS, 7),
                "priority": {"$cond": [{"$mod": [number, 100]}, nth(("low", "medium"), 11), "high"]},
                "reason_id": {"$concat": ["reason", nth(of_fifty, 7)]},
                "assignee": {"$cond": [{"$mod": [number, 3]}, agent, None]},
                "contact": {"id": {"$toString": {"$mod": [number, 20_000]}}, "name": "Ada", "email": None},
                "created_at": "$at",
                "last_activity_at": "$at",
                "words": [
                    "ada",
                    {"$concat": ["name", {"$toString": {"$mod": [number, 1000]}}]},
                    {"$toString": number},
                ],
            }
        },
        {"$unset": "at"},
        {"$out": "many"},
    ]
    await aggregate(world.requests.collection, pipeline)
    await world.requests.collection.drop()
    await database["many"].rename("requests")
    await world.requests.prepare()
    return world


def nth(values: Sequence[str], step: int) -> dict[str, Any]:
    """An expression that spreads the values over the requests."""
    return {"$arrayElemAt": [list(values), {"$mod": [{"$floor": {"$divide": ["$number", step]}}, len(values)]}]}


def filter_combinations() -> Iterator[Listing]:
    """Each view and sort, alone and with each set of filters."""
    filters = {
        "status": "pending",
        "priority": "high",
        "channel": "chat",
        "reason_id": "reason7",
        "assignee_id": "agent7",
        "contact_id": "107",
    }
    searches: tuple[tuple[str, ...], ...] = ((), ("name7",), ("ad",), ("ad", "name77"))
    for chosen in itertools.chain.from_iterable(itertools.combinations(filters, n) for n in range(len(filters) + 1)):
        narrowed = {name: filters[name] for name in chosen}
        for view, sort in itertools.product(get_args(View), get_args(Sort)):
            for words in searches if len(chosen) < 2 and sort == "-last_activity_at" else ((),):
                yield Listing(viewer_id="agent7", view=view, sort=sort, words=words, **cast("Any", narrowed))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("driver", ["pymongo"])
class TestIndexes:
    @pytest.fixture
    async def database(self, mongodb_url: str, driver: str) -> AsyncIterator[Database]:
        """One of its own, which goes with its 100,000 requests."""
        client = open_client(mongodb_url, driver, "tests")
        database = client.database(f"test_lists_{secrets.token_hex(6)}")
        yield database
        await database.command("dropDatabase")
        await client.close()

    async def test_no_list_scans_the_collection_and_none_reads_much_more_than_it_may_find(
        self, many: World, database: Database
    ) -> None:
        await database.create_collection("system.profile", capped=True, size=64 << 20)
        await database.command("profile", 2)
        for listing in filter_combinations():
            _, cursor = await many.requests.page(listing, 50, None)
            if cursor and not listing.words:
                await many.requests.page(listing, 50, cursor)
        counts = await many.requests.counts("agent7")
        await database.command("profile", 0)
        asked = {"$or": [{"command.find": "requests"}, {"command.aggregate": "requests"}]}
        queries = await database["system.profile"].find(asked).to_list(None)

        assert counts["all"] == MANY
        assert 0 < counts["mine"] < counts["unassigned"] == counts["open"] == COUNTED + 1

        assert len(queries) > 500
        for query in queries:
            stages, command = query["planSummary"], query["command"]
            assert "COLLSCAN" not in stages
            assert "IXSCAN" in stages or "COUNT_SCAN" in stages, (command, stages)
            read = max(query["docsExamined"], query["keysExamined"])
            assert read <= FEW + 500, (command, read)
