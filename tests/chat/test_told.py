"""The log as its own outbox: every entry is told, whatever fails and whoever dies."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from guichet_chat.conversation import Attachment, Author, Draft, Visitor
from guichet_chat.erasure import erase_visitor
from guichet_chat.log import dead as dead_module
from guichet_chat.log import healing as healing_module
from guichet_chat.log import outbox as outbox_module
from guichet_chat.log.committer import Committer
from guichet_chat.log.dead import DeadWriters
from guichet_chat.log.healing import Healing
from guichet_chat.log.known import Known
from guichet_chat.log.outbox import LogOutbox
from guichet_chat.log.store import WriterStore
from guichet_chat.log.telling import Teller
from guichet_chat.manage import CHAT
from guichet_chat.store import Store, Unknown
from guichet_chat.usecases import Chat
from guichet_contracts.subscriptions import MESSAGES_WITH_FILES
from guichet_kit.broker import PublishFailed, Refused
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.manage.checks import waiting
from guichet_kit.mongo import Database
from pymongo.errors import AutoReconnect

from .writers import RecordingRelay

LEASE = timedelta(seconds=20)
pytestmark = pytest.mark.parametrize("database", ["pymongo"], indirect=True)


class Broker:
    """Takes events and remembers them; it can be away, and refuse the messages that hold certain texts."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.also: list[tuple[str, ...]] = []
        self.away = False
        self.refuses = ""

    async def publish_batch(self, events: Sequence[Mapping[str, Any]], *, also: Sequence[str] = ()) -> None:
        if self.away:
            raise PublishFailed("away")
        if self.refuses and any(self.refuses in str(event) for event in events):
            raise Refused("too large")
        self.events += events
        self.also.append(tuple(also))

    @property
    def texts(self) -> list[str]:
        return [event["data"]["entry"]["text"] for event in self.events]


class Process:
    """What one process of the service has."""

    def __init__(self, database: Database, broker: Broker) -> None:
        self.store, self.known = Store(database), Known()
        self.writers = WriterStore(self.store, database["writers"])
        self.outbox = LogOutbox(self.store, self.writers, broker)
        self.chat = Chat(self.store, RecordingRelay(), Committer(self.store, self.outbox, self.known), self.known)
        self.dead = DeadWriters(self.writers, Teller(self.store, broker), LEASE)
        self.visitor = Visitor(new_id(), "shop")

    async def post(self, *texts: str, **fields: Any) -> None:
        """A visitor's messages, one after the other."""
        await self.store.save_visitor(self.visitor)
        author = Author("visitor", self.visitor.id)
        for text in texts:
            await self.chat.post_visitor_message(self.visitor.id, Draft(new_id(), author, text=text, **fields))

    async def told(self) -> int:
        """Up to which of this process's numbers others know that all was told."""
        found = await self.writers.writers.find_one({"_id": self.outbox.writer}) or {}
        return int(found.get("told", 0))

    async def marked(self, number: int) -> None:
        """Returns when the mark has come to the number."""
        async with asyncio.timeout(30):
            while await self.told() < number:
                await asyncio.sleep(0.02)

    async def lose(self) -> None:
        """Its time is over."""
        await self.writers.writers.update_one({"_id": self.outbox.writer}, {"$set": {"until": now() - LEASE}})


@asynccontextmanager
async def running(process: Process) -> AsyncIterator[Process]:
    async with process.outbox.running():
        yield process


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
async def process(database: Database, broker: Broker) -> Process:
    process = Process(database, broker)
    await process.store.ensure_indexes()
    return process


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for seconds waits for hundredths of them."""
    monkeypatch.setattr(outbox_module, "_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(outbox_module, "_REFUSED_SECONDS", (0.05, 0.2))
    monkeypatch.setattr(outbox_module, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(outbox_module, "MARK_SECONDS", 0.02)


@pytest.mark.usefixtures("quick")
class TestTelling:
    async def test_each_entry_is_told_once_and_the_mark_follows(self, process: Process, broker: Broker) -> None:
        async with running(process):
            await process.post("un", "deux", "trois")
            await process.marked(3)
        assert broker.texts == ["un", "deux", "trois"]

    async def test_what_names_files_is_told_with_their_key_and_nothing_else_is(
        self, process: Process, broker: Broker
    ) -> None:
        async with running(process):
            await process.post("sans")
            await process.post("avec", attachments=[Attachment("f", "a.txt", "text/plain", 3)])
            await process.marked(2)
        assert sorted(broker.also) == [(), (MESSAGES_WITH_FILES,)]

    async def test_a_broker_that_is_away_costs_time_only(self, process: Process, broker: Broker) -> None:
        broker.away = True
        async with running(process):
            await process.post("un", "deux")
            await asyncio.sleep(0.2)
            assert await process.told() == 0
            broker.away = False
            await process.marked(2)
        assert sorted(broker.texts) == ["deux", "un"]

    async def test_one_that_is_refused_holds_the_mark_and_nobody_else(self, process: Process, broker: Broker) -> None:
        broker.refuses = "trop grand"
        async with running(process):
            await process.post("un", "trop grand", "deux")
            await process.marked(1)
            async with asyncio.timeout(30):
                while len(broker.texts) < 2:
                    await asyncio.sleep(0.02)
            assert await process.told() == 1
            broker.refuses = ""
            await process.marked(3)
        assert sorted(broker.texts) == ["deux", "trop grand", "un"]

    async def test_one_that_is_refused_makes_nobody_else_be_read_again(
        self, process: Process, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[int] = []
        reading = process.writers.written_at

        async def noted(writer: str, numbers: Any) -> Any:
            read.extend(numbers)
            return await reading(writer, numbers)

        monkeypatch.setattr(process.writers, "written_at", noted)
        monkeypatch.setattr(outbox_module, "MOST", 1)  # so that others wait behind it
        broker.refuses = "trop grand"
        await process.post("trop grand", *(str(n) for n in range(10)))
        async with running(process):
            async with asyncio.timeout(30):
                while len(broker.texts) < 10:
                    await asyncio.sleep(0.02)
            broker.refuses = ""
            await process.marked(11)
        assert set(read) == {1}

    async def test_what_is_erased_while_it_waits_is_told_without_the_person(
        self, process: Process, broker: Broker
    ) -> None:
        process.visitor = Visitor(new_id(), "shop", "Élodie Marchand")
        broker.away = True
        async with running(process):
            await process.post("Ici Élodie")
            await asyncio.sleep(0.2)
            await erase_visitor(process.store, process.visitor.id)
            broker.away = False
            await process.marked(1)
        assert broker.texts == ["Ici [effacé]"]
        assert broker.events[0]["data"]["conversation"]["visitor"]["name"] is None


@pytest.mark.usefixtures("quick")
class TestWhatIsNotKnown:
    async def test_an_entry_that_arrives_late_is_told_and_shown_when_it_is_there(
        self, process: Process, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await process.post("un")
        inserting, sent, shown = process.store.insert_entries, list[Any](), list[str]()

        async def lost(written: Any) -> Any:
            sent.extend(written)
            return [Unknown(AutoReconnect("lost")) for _ in written]

        monkeypatch.setattr(process.store, "insert_entries", lost)
        process.outbox.late = lambda _conversation, entry: shown.append(entry.text)
        async with running(process):
            with pytest.raises(AutoReconnect):
                await process.post("deux")
            await process.marked(1)
            await asyncio.sleep(0.2)
            assert await process.told() == 1
            await inserting(sent)  # the server had it all the time
            await process.marked(2)
        assert broker.texts == ["un", "deux"]
        assert shown == ["deux"]

    async def test_nothing_that_was_never_sent_holds_the_mark(
        self, process: Process, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        registering = process.writers.register

        async def away(writer: str, until: Any) -> None:
            raise AutoReconnect("away")

        monkeypatch.setattr(process.writers, "register", away)
        async with running(process):
            with pytest.raises(AutoReconnect):
                await process.post("un")
            monkeypatch.setattr(process.writers, "register", registering)
            await process.post("deux")
            await process.marked(2)
        assert broker.texts == ["deux"]

    async def test_one_that_never_arrives_lets_the_mark_go_after_its_time(
        self, process: Process, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inserting = process.store.insert_entries

        async def lost(written: Any) -> Any:
            return [Unknown(AutoReconnect("lost")) for _ in written]

        monkeypatch.setattr(process.store, "insert_entries", lost)
        async with running(process):
            with pytest.raises(AutoReconnect):
                await process.post("un")
            monkeypatch.setattr(process.store, "insert_entries", inserting)
            await process.post("deux")
            await asyncio.sleep(0.2)
            assert await process.told() == 0
            monkeypatch.setattr(outbox_module, "UNKNOWN_SECONDS", 0.0)
            await process.marked(2)
        assert broker.texts == ["deux"]

    async def test_its_time_begins_when_the_database_answers_again(
        self, process: Process, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inserting, sent, looking = process.store.insert_entries, list[Any](), process.writers.written_at

        async def lost(written: Any) -> Any:
            sent.extend(written)
            return [Unknown(AutoReconnect("lost")) for _ in written]

        async def away(writer: str, numbers: Any) -> Any:
            raise AutoReconnect("frozen")

        monkeypatch.setattr(outbox_module, "UNKNOWN_SECONDS", 1.0)
        monkeypatch.setattr(process.store, "insert_entries", lost)
        monkeypatch.setattr(process.writers, "written_at", away)
        async with running(process):
            with pytest.raises(AutoReconnect):
                await process.post("un")
            await asyncio.sleep(1.5)  # longer than its time
            monkeypatch.setattr(process.writers, "written_at", looking)
            await asyncio.sleep(0.3)
            await inserting(sent)  # what the frozen server had been sent before
            await process.marked(1)
        assert broker.texts == ["un"]


class TestWhatADeadProcessLeft:
    async def test_is_told_by_another_from_the_mark_on(
        self, process: Process, database: Database, broker: Broker
    ) -> None:
        await process.post("un", "deux", "trois")
        await process.writers.advance(process.outbox.writer, 1, now() + LEASE)
        other = Process(database, broker)
        assert await other.writers.claim_dead(now(), LEASE) is None  # it is alive
        await process.lose()
        found = await other.writers.claim_dead(now(), LEASE)
        assert found is not None
        assert await other.writers.claim_dead(now(), LEASE) is None  # somebody looks already
        assert await other.dead.tell_for(found) == 2
        assert broker.texts == ["deux", "trois"]
        assert await process.told() == 3

    async def test_is_told_again_from_the_start_where_the_mark_was_lost(
        self, process: Process, database: Database, broker: Broker
    ) -> None:
        async with running(process):
            await process.post("un", "deux")
            await process.marked(2)
        await process.writers.writers.update_one({"_id": process.outbox.writer}, {"$unset": {"told": ""}})
        await process.lose()
        other = Process(database, broker)
        found = await other.writers.claim_dead(now(), LEASE)
        assert found is not None
        await other.dead.tell_for(found)
        ids = [event["id"] for event in broker.events]
        assert broker.texts == ["un", "deux"] * 2
        assert len(set(ids)) == 2  # whoever hears them twice can tell

    async def test_that_is_refused_is_tried_again_and_keeps_nobody_waiting(
        self, process: Process, database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dead_module, "LOOK_AGAIN", -LEASE)
        broker.refuses = "trop grand"
        await process.post("trop grand", "deux")
        await process.lose()
        other = Process(database, broker)
        for expected in (["deux"], ["deux"], ["deux", "trop grand"]):
            found = await other.writers.claim_dead(now(), LEASE)
            assert found is not None
            await other.dead.tell_for(found)
            assert broker.texts == expected
            if len(expected) == 1 and broker.refuses and found.gaps:
                broker.refuses = ""
        assert await other.writers.claim_dead(now(), LEASE) is not None  # something may still arrive

    async def test_that_arrives_after_its_end_is_told_too(
        self, process: Process, database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(dead_module, "LOOK_AGAIN", -LEASE)
        await process.post("un")
        inserting, sent = process.store.insert_entries, list[Any]()

        async def late(written: Any) -> Any:
            sent.extend(written)
            return [Unknown(AutoReconnect("lost")) for _ in written]

        monkeypatch.setattr(process.store, "insert_entries", late)
        with pytest.raises(AutoReconnect):
            await process.post("deux")
        monkeypatch.setattr(process.store, "insert_entries", inserting)
        await process.lose()
        other = Process(database, broker)
        for text in ("un", "deux"):
            found = await other.writers.claim_dead(now(), LEASE)
            assert found is not None
            assert await other.dead.tell_for(found) == 1
            assert broker.texts[-1] == text
            if text == "un":
                await inserting(sent)

    async def test_is_forgotten_with_it_when_nothing_can_arrive_any_more(
        self, process: Process, database: Database, broker: Broker
    ) -> None:
        await process.post("un")
        long_ago = now() - dead_module.FORGET_AFTER * 2
        await process.writers.writers.update_one({"_id": process.outbox.writer}, {"$set": {"until": long_ago}})
        other = Process(database, broker)
        found = await other.writers.claim_dead(now(), LEASE)
        assert found is not None
        await other.dead.tell_for(found)
        assert broker.texts == ["un"]
        assert await process.writers.writers.count_documents({}) == 0


class TestWhatAnOperatorSees:
    async def test_is_what_nobody_has_told_yet_of_the_living_and_the_dead(
        self, process: Process, database: Database, broker: Broker
    ) -> None:
        assert await process.writers.untold() == (0, None)
        await process.post("un", "deux", "trois")
        await Process(database, broker).post("quatre")
        await process.writers.looked_at(process.outbox.writer, 2, [1], now())
        count, since = await process.writers.untold()
        first = await process.store.entries.find_one({"writer": process.outbox.writer, "n": 1}) or {}
        assert (count, since) == (3, first["at"])

    async def test_is_listed_beside_the_outboxes(self, process: Process, database: Database) -> None:
        await process.post("un")
        told = await waiting(database, CHAT.outboxes, CHAT.untold)
        assert [one["documents"] for one in told] == [0, 1, 1]  # the opening, and the entry


class TestHealing:
    async def test_what_somebody_lacks_is_told_again_from_there_on_whole(
        self, process: Process, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(healing_module, "PAGE", 2)
        await process.post(*(str(n) for n in range(6)))
        conversation = await process.store.open_conversation(process.visitor.id)
        assert conversation is not None
        await Healing(process.store, broker).tell_again(conversation.id, 1)
        assert broker.texts == ["1", "2", "3", "4", "5"]
        assert [event["data"]["entry"]["seq"] for event in broker.events] == [2, 3, 4, 5, 6]

    async def test_only_the_hole_is_told_again(
        self, process: Process, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(healing_module, "PAGE", 2)
        await process.post(*(str(n) for n in range(6)))
        conversation = await process.store.open_conversation(process.visitor.id)
        assert conversation is not None
        await Healing(process.store, broker).tell_again(conversation.id, 1, 4)
        assert [event["data"]["entry"]["seq"] for event in broker.events] == [2, 3, 4]

    async def test_of_an_unknown_conversation_nothing_is_told(self, process: Process, broker: Broker) -> None:
        await Healing(process.store, broker).tell_again("nothing", 0)
        assert broker.events == []

    async def test_how_far_logs_go_that_were_written_lately_is_told(self, process: Process, broker: Broker) -> None:
        healing = Healing(process.store, broker)
        await process.post("un", "deux")
        conversation = await process.store.open_conversation(process.visitor.id)
        assert conversation is not None
        for entry in await process.chat.read_log(conversation.id, 0, 10):
            healing.appended(conversation, entry)
        await healing.tell()
        (event,) = broker.events
        assert event["type"] == "chat.log.advanced.v1"
        assert event["data"]["conversations"] == [{"id": conversation.id, "last_seq": 2}]
