"""What consoles are told of requests that change: what each shows, with its last state, and how many others."""

import asyncio
import json
from typing import Any

import pytest
from guichet_chat.sockets import news as news_module
from guichet_chat.sockets.connection import Connection
from guichet_chat.sockets.frames import Watch, agent_frames
from guichet_chat.sockets.news import RequestNews


class Console(Connection):
    """A connection that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def offer(self, frame: str) -> bool:
        self.sent.append(json.loads(frame))
        return True

    @property
    def told(self) -> list[tuple[str, int]]:
        return [(one["request"]["id"], one["request"]["version"]) for one in self.sent if one["type"] == "request"]

    @property
    def others(self) -> list[int]:
        return [one["count"] for one in self.sent if one["type"] == "requests_changed"]

    async def has(self, frames: int) -> None:
        async with asyncio.timeout(30):
            while len(self.sent) < frames:
                await asyncio.sleep(0.005)


def request(request_id: str, version: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "id": request_id, "version": version, "status": "new", "channel": "chat", "priority": "medium",
        "reason_id": None, "assignee": None, "contact": None, **fields,
    }  # fmt: skip


def watch(**fields: Any) -> Watch:
    read = agent_frames.read(json.dumps({"type": "watch", **fields}))
    assert isinstance(read, Watch)
    return read


CARO = {"id": "caro", "name": "Caro"}


@pytest.fixture
def news() -> RequestNews:
    return RequestNews()


@pytest.fixture
def console(news: RequestNews) -> Console:
    console = Console()
    news.join(console, "caro")
    return console


class TestAConsole:
    async def test_that_says_nothing_is_told_of_all(self, news: RequestNews, console: Console) -> None:
        news.changed([request("a"), request("b")])
        await console.has(2)
        assert (console.told, console.others) == ([("a", 1), ("b", 1)], [])

    async def test_is_told_of_what_its_agent_is_to_hear_of_whatever_it_shows(
        self, news: RequestNews, console: Console
    ) -> None:
        news.watch(console, watch(view={"view": "closed"}, also=["mine"]))
        news.changed(
            [
                request("mine", assignee=CARO),
                request("closed", status="closed"),
                request("nobodys"),
                request("alexs", assignee={"id": "alex"}),
            ]
        )
        await console.has(3)
        assert (console.told, console.others) == ([("mine", 1), ("closed", 1)], [2])
        news.watch(console, watch(view={"view": "mine", "channel": "email"}, also=["mine", "unassigned"]))
        news.changed([request("mine", 2, assignee=CARO), request("nobodys", 2), request("closed", 2, status="closed")])
        async with asyncio.timeout(30):
            while ("mine", 2) not in console.told or ("nobodys", 2) not in console.told or len(console.others) < 2:
                await asyncio.sleep(0.005)
        assert ("closed", 2) not in console.told

    async def test_is_told_of_what_it_shows_and_how_many_others(self, news: RequestNews, console: Console) -> None:
        news.watch(console, watch(request_ids=["a"], contact_id="ada", view={"view": "mine"}))
        news.changed(
            [
                request("a"),
                request("of-ada", contact={"id": "ada"}),
                request("mine", assignee=CARO),
                request("closed", assignee=CARO, status="closed"),
                request("nobodys"),
                request("of-bea", contact={"id": "bea"}),
            ]
        )
        await console.has(4)
        assert console.told == [("a", 1), ("of-ada", 1), ("mine", 1)]
        assert console.others == [3]

    async def test_is_told_of_what_leaves_its_list(self, news: RequestNews, console: Console) -> None:
        news.watch(console, watch(request_ids=["a"], view={"view": "unassigned"}))
        news.changed([request("a", 2, assignee=CARO), request("b", 2, assignee=CARO)])
        await console.has(2)
        assert (console.told, console.others) == ([("a", 2)], [1])

    async def test_is_told_the_last_state_of_a_busy_one(self, news: RequestNews, console: Console) -> None:
        news.changed([request("a", 1)])
        await console.has(1)
        for version in (2, 3, 5, 4):
            news.changed([request("a", version)])
        await console.has(2)
        assert console.told == [("a", 1), ("a", 5)]

    async def test_that_takes_bundles_gets_all_of_one_moment_in_one_frame(
        self, news: RequestNews, console: Console
    ) -> None:
        news.watch(console, watch(view={"view": "all"}, bundled=True))
        news.changed([request("a"), request("b", 3), request("a", 2)])
        await console.has(1)
        (frame,) = console.sent
        assert frame["type"] == "requests"
        assert frame["requests"] == [request("a", 2), request("b", 3)]


class TestWhatChangedBeforeTheConsoleSaidThatItShowsIt:
    """It read its page, the request changed, and only then it could say what is on the page."""

    async def test_is_told_once_it_says_so(self, news: RequestNews, console: Console) -> None:
        news.watch(console, watch(view={"view": "mine"}))
        news.changed([request("a", 2), request("b", 2)])
        await console.has(1)
        news.watch(console, watch(request_ids=["a"], view={"view": "mine"}))
        await console.has(2)
        assert (console.told, console.others) == ([("a", 2)], [2])

    async def test_with_its_last_state(self, news: RequestNews, console: Console) -> None:
        news.watch(console, watch(view={"view": "mine"}))
        for version in (2, 4, 3):
            news.changed([request("a", version)])
        news.watch(console, watch(request_ids=["a"]))
        await console.has(1)
        assert console.told == [("a", 4)]

    async def test_is_not_told_again_to_one_that_showed_it(self, news: RequestNews, console: Console) -> None:
        news.watch(console, watch(request_ids=["a"]))
        news.changed([request("a", 2), request("b", 2)])
        await console.has(2)
        news.watch(console, watch(request_ids=["a", "b"]))
        await console.has(3)
        assert console.told == [("a", 2), ("b", 2)]

    async def test_but_not_what_changed_long_ago(
        self, news: RequestNews, console: Console, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        news.watch(console, watch(view={"view": "mine"}))
        news.changed([request("a", 2)])
        await console.has(1)
        monkeypatch.setattr(news_module, "LATELY_SECONDS", -1.0)
        news.watch(console, watch(request_ids=["a", "b"]))
        news.changed([request("b", 1)])
        await console.has(2)
        assert console.told == [("b", 1)]
