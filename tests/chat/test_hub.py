"""The hub: which socket shows what, and in which order, without any server."""

import json
from datetime import UTC, datetime, timedelta

from guichet_chat.conversation import Author, Entry
from guichet_chat.sockets.connection import Connection
from guichet_chat.sockets.frames import entry_frame
from guichet_chat.sockets.hub import Hub, Member

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def entry(seq: int, conversation_id: str = "c1") -> Entry:
    author = Author("visitor", "v1", "Ada")
    return Entry(conversation_id, "v1", seq, f"m{seq}", "message", author, f"text {seq}", NOON)


class Log:
    """A log that holds what a test puts into it, and counts its readings."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = list(entries)
        self.readings = 0

    async def read(self, conversation_id: str, after_seq: int, limit: int) -> list[Entry]:
        self.readings += 1
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


class TestAHint:
    async def test_in_order_is_shown_without_reading_the_log(self) -> None:
        log = Log(entry(1))
        hub = Hub(log.read)
        _, recorder = customer(hub)
        hub.hint("c1", "v1", NOON, 1, entry_frame(entry(1)))
        assert recorder.shown == [("c1", 1)]
        assert log.readings == 0

    async def test_ahead_of_the_cursor_makes_the_gap_be_read_first(self) -> None:
        log = Log(entry(1), entry(2), entry(3))
        hub = Hub(log.read)
        member, recorder = customer(hub)
        hub.hint("c1", "v1", NOON, 3, entry_frame(entry(3)))
        assert recorder.shown == []
        await settle(member)
        assert recorder.shown == [("c1", 1), ("c1", 2), ("c1", 3)]

    async def test_behind_the_cursor_is_dropped(self) -> None:
        hub = Hub(Log().read)
        _, recorder = customer(hub)
        for _ in range(3):
            hub.hint("c1", "v1", NOON, 1, entry_frame(entry(1)))
        assert recorder.shown == [("c1", 1)]

    async def test_of_an_older_conversation_is_not_the_visitors_news(self) -> None:
        hub = Hub(Log(entry(1, "old")).read)
        _, recorder = customer(hub)
        hub.hint("c1", "v1", NOON, 1, entry_frame(entry(1)))
        hub.hint("old", "v1", NOON - timedelta(hours=1), 1, entry_frame(entry(1, "old")))
        assert recorder.shown == [("c1", 1)]

    async def test_before_the_greeting_is_kept_until_after_it(self) -> None:
        hub = Hub(Log(entry(1)).read)
        member, recorder = customer(hub, greeted=False)
        hub.hint("c1", "v1", NOON, 1, entry_frame(entry(1)))
        assert recorder.shown == []
        hub.greeted(member)
        await settle(member)
        assert recorder.shown == [("c1", 1)]

    async def test_reaches_nobody_who_left(self) -> None:
        hub = Hub(Log().read)
        member, recorder = customer(hub)
        hub.follow(member, "c1", 0)
        hub.leave(member)
        hub.hint("c1", "v1", NOON, 1, entry_frame(entry(1)))
        assert recorder.shown == []


class TestCatchingUp:
    async def test_shows_what_the_live_edge_missed_once(self) -> None:
        log = Log(*(entry(n) for n in range(1, 451)))
        hub = Hub(log.read)
        member, recorder = customer(hub)
        hub.follow(member, "c1", 0)
        await hub.catch_up_all()
        await hub.catch_up_all()
        assert [seq for _, seq in recorder.shown] == list(range(1, 451))

    async def test_a_rewind_shows_everything_after_the_cursor_again(self) -> None:
        hub = Hub(Log(entry(1), entry(2)).read)
        member, recorder = customer(hub)
        feed = hub.follow(member, "c1", 0)
        await feed.catch_up()
        await feed.rewind(1)
        assert recorder.shown == [("c1", 1), ("c1", 2), ("c1", 2)]
