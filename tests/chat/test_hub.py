"""The hub: which socket shows what, and in which order, without any server."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from guichet_chat.conversation import Author, Conversation, Entry, Visitor
from guichet_chat.sockets import hub as hub_module
from guichet_chat.sockets.connection import Connection
from guichet_chat.sockets.frames import entry_frame
from guichet_chat.sockets.hub import Hub, Member
from pymongo.errors import AutoReconnect

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def entry(seq: int, conversation_id: str = "c1") -> Entry:
    author = Author("visitor", "v1", "Ada")
    return Entry(conversation_id, "v1", seq, f"m{seq}", "message", author, f"text {seq}", NOON)


class Log:
    """A log that holds what a test puts into it, and counts its readings."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = list(entries)
        self.opened: list[Conversation] = []
        self.readings = 0
        self.away = False

    async def longer_than(self, cursors: Mapping[str, int]) -> set[str]:
        if self.away:
            raise AutoReconnect("away")
        return {e.conversation_id for e in self.entries if e.seq > cursors.get(e.conversation_id, 10**9)}

    async def open_conversations(self, visitor_ids: Sequence[str]) -> list[Conversation]:
        return [conversation for conversation in self.opened if conversation.visitor.id in visitor_ids]

    async def erased_among(self, visitor_ids: Sequence[str]) -> set[str]:
        return set()

    async def read_log(self, conversation_id: str, after_seq: int, limit: int) -> list[Entry]:
        self.readings += 1
        if self.away:
            raise AutoReconnect("away")
        after = [e for e in self.entries if e.conversation_id == conversation_id and e.seq > after_seq]
        return after[:limit]


class Recorder(Connection):
    """A connection that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[dict[str, object]] = []

    def offer(self, frame: str) -> bool:
        self.sent.append(json.loads(frame))
        return True

    async def send(self, frame: str) -> None:
        self.offer(frame)

    @property
    def shown(self) -> list[tuple[object, object]]:
        return [(frame["conversation_id"], frame["seq"]) for frame in self.sent if frame["type"] == "entry"]


def customer(hub: Hub, *, greeted: bool = True) -> tuple[Member, Recorder]:
    recorder = Recorder()
    member = Member(recorder, "v1")
    hub.join(member)
    if greeted:
        hub.greeted(member)
    return member, recorder


async def settle(member: Member) -> None:
    """Let every feed come to the end of its log."""
    for feed in member.feeds.values():
        await feed.catch_up()


async def whole(member: Member) -> None:
    """Let every feed that tries to catch up come to an end."""
    for feed in member.feeds.values():
        if feed._trying is not None:
            await feed._trying


class TestAHint:
    async def test_in_order_is_shown_without_reading_the_log(self) -> None:
        log = Log(entry(1))
        hub = Hub(log)
        _, recorder = customer(hub)
        hub.hint("c1", "v1", NOON, 1, entry_frame(entry(1)))
        assert recorder.shown == [("c1", 1)]
        assert log.readings == 0

    async def test_ahead_of_the_cursor_makes_the_gap_be_read_first(self) -> None:
        log = Log(entry(1), entry(2), entry(3))
        hub = Hub(log)
        member, recorder = customer(hub)
        hub.hint("c1", "v1", NOON, 3, entry_frame(entry(3)))
        assert recorder.shown == []
        await settle(member)
        assert recorder.shown == [("c1", 1), ("c1", 2), ("c1", 3)]

    async def test_behind_the_cursor_is_dropped(self) -> None:
        hub = Hub(Log())
        _, recorder = customer(hub)
        for _ in range(3):
            hub.hint("c1", "v1", NOON, 1, entry_frame(entry(1)))
        assert recorder.shown == [("c1", 1)]

    async def test_of_an_older_conversation_is_not_the_visitors_news(self) -> None:
        hub = Hub(Log(entry(1, "old")))
        _, recorder = customer(hub)
        hub.hint("c1", "v1", NOON, 1, entry_frame(entry(1)))
        hub.hint("old", "v1", NOON - timedelta(hours=1), 1, entry_frame(entry(1, "old")))
        assert recorder.shown == [("c1", 1)]

    async def test_before_the_greeting_is_kept_until_after_it(self) -> None:
        hub = Hub(Log(entry(1)))
        member, recorder = customer(hub, greeted=False)
        hub.hint("c1", "v1", NOON, 1, entry_frame(entry(1)))
        assert recorder.shown == []
        hub.greeted(member)
        await settle(member)
        assert recorder.shown == [("c1", 1)]

    async def test_reaches_nobody_who_left(self) -> None:
        hub = Hub(Log())
        member, recorder = customer(hub)
        hub.follow(member, "c1", 0)
        hub.leave(member)
        hub.hint("c1", "v1", NOON, 1, entry_frame(entry(1)))
        assert recorder.shown == []


class TestCatchingUp:
    async def test_shows_what_the_live_edge_missed_once(self) -> None:
        log = Log(*(entry(n) for n in range(1, 451)))
        hub = Hub(log)
        member, recorder = customer(hub)
        hub.follow(member, "c1", 0)
        await hub.look()
        await whole(member)
        await hub.look()
        await whole(member)
        assert [seq for _, seq in recorder.shown] == list(range(1, 451))

    async def test_a_rewind_shows_everything_after_the_cursor_again(self) -> None:
        hub = Hub(Log(entry(1), entry(2)))
        member, recorder = customer(hub)
        feed = hub.follow(member, "c1", 0)
        await feed.catch_up()
        await feed.rewind(1)
        assert recorder.shown == [("c1", 1), ("c1", 2), ("c1", 2)]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed reading is tried again without a pause."""
    monkeypatch.setattr(hub_module, "_RETRY_SECONDS", 0.01)


@pytest.mark.usefixtures("at_once")
class TestAGap:
    async def test_stays_open_while_the_log_cannot_be_read_and_nobody_writes_again(self) -> None:
        log = Log(entry(1), entry(2))
        hub = Hub(log)
        member, recorder = customer(hub)
        log.away = True
        hub.hint("c1", "v1", NOON, 2, entry_frame(entry(2)))
        await asyncio.sleep(0.05)
        assert recorder.shown == []
        log.away = False
        await whole(member)
        assert recorder.shown == [("c1", 1), ("c1", 2)]

    async def test_that_is_only_suspected_stays_open_too(self) -> None:
        log = Log(entry(1))
        hub = Hub(log)
        member, recorder = customer(hub)
        feed = hub.follow(member, "c1", 0)
        log.away = True
        feed.suspect()
        await asyncio.sleep(0.05)
        log.away = False
        await whole(member)
        assert recorder.shown == [("c1", 1)]

    async def test_news_that_are_quicker_than_the_log_are_waited_for(self) -> None:
        log = Log()
        hub = Hub(log)
        member, recorder = customer(hub)
        hub.hint("c1", "v1", NOON, 1)
        await asyncio.sleep(0.02)
        log.entries.append(entry(1))
        await whole(member)
        assert recorder.shown == [("c1", 1)]

    async def test_suspected_while_it_is_being_read_is_read_again(self) -> None:
        log = Log(entry(1))
        hub = Hub(log)
        member, recorder = customer(hub)
        feed = hub.follow(member, "c1", 0)
        feed.suspect()
        await asyncio.sleep(0)
        log.entries.append(entry(2))
        feed.suspect()
        await whole(member)
        assert recorder.shown == [("c1", 1), ("c1", 2)]


class TestLooking:
    async def test_finds_what_nobody_told_of_and_reads_nothing_else(self) -> None:
        log = Log(entry(1), entry(1, "c2"))
        hub = Hub(log)
        member, recorder = customer(hub)
        hub.follow(member, "c1", 0)
        hub.follow(member, "c2", 1)
        await hub.look()
        await whole(member)
        assert recorder.shown == [("c1", 1)]
        assert log.readings == 1

    async def test_finds_a_conversation_that_another_tab_has_opened(self) -> None:
        log = Log(entry(1, "new"))
        hub = Hub(log)
        member, recorder = customer(hub)
        log.opened = [Conversation("new", Visitor("v1", "shop"), NOON)]
        await hub.look()
        await whole(member)
        assert recorder.shown == [("new", 1)]

    async def test_tells_when_it_could_not_look(self) -> None:
        log = Log(entry(1))
        hub = Hub(log)
        member, _ = customer(hub)
        hub.follow(member, "c1", 0)
        log.away = True
        with pytest.raises(AutoReconnect):
            await hub.look()


class TestTakingLeave:
    async def test_sockets_are_closed_with_1012_in_small_groups(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hub_module, "LEAVE_PAUSE_SECONDS", 0.0)
        hub, closed, members = Hub(Log()), list[int](), list[Member]()

        class Closing(Recorder):
            def close(self, code: int) -> None:
                closed.append(code)

        for n in range(1000):
            members.append(Member(Closing(), f"v{n}" if n % 2 else None))
            hub.join(members[-1])
        leaving = asyncio.create_task(hub.take_leave())
        steps = []
        while not leaving.done():
            before = len(closed)
            await asyncio.sleep(0)
            steps.append(len(closed) - before)
        assert closed == [1012] * 1000
        assert max(steps) == 25
