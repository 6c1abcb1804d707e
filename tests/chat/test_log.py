"""The log on a real MongoDB, through both drivers: one insert is one decision."""

import asyncio
import uuid

import pytest
from guichet_chat.conversation import (
    Author,
    Conversation,
    ConversationClosed,
    Draft,
    IdTaken,
    NoSuchConversation,
    Visitor,
)
from guichet_chat.store import Store
from guichet_chat.usecases import Chat
from guichet_kit.mongo import Database

from .writers import RecordingRelay, writer

AGENT = Author("agent", "a1", "Caro Agent")


@pytest.fixture
async def store(database: Database) -> Store:
    store = Store(database)
    await store.ensure_indexes()
    return store


@pytest.fixture
def relay() -> RecordingRelay:
    return RecordingRelay()


@pytest.fixture
async def visitor(store: Store) -> Visitor:
    visitor = Visitor(str(uuid.uuid4()), "shop", "Ada")
    await store.save_visitor(visitor)
    return visitor


@pytest.fixture
def replicas(store: Store, relay: RecordingRelay) -> list[Chat]:
    """Four writers that share nothing but the database, as four processes would."""
    return [writer(store, relay) for _ in range(4)]


@pytest.fixture
def chat(replicas: list[Chat]) -> Chat:
    return replicas[0]


def by(visitor: Visitor, text: str = "Bonjour", client_id: str | None = None) -> Draft:
    return Draft(client_id or str(uuid.uuid4()), Author("visitor", visitor.id, visitor.name), text=text)


def from_agent(text: str = "Bonjour, Caro à votre écoute") -> Draft:
    return Draft(str(uuid.uuid4()), AGENT, text=text)


async def opened(chat: Chat, visitor: Visitor) -> Conversation:
    return (await chat.post_visitor_message(visitor.id, by(visitor))).conversation


class TestNumbering:
    async def test_fifty_writers_at_once_give_one_to_n_without_a_gap(
        self, replicas: list[Chat], visitor: Visitor
    ) -> None:
        conversation = await opened(replicas[0], visitor)
        posts = [
            replicas[n % 4].post_message(conversation, from_agent(f"{n}") if n % 2 else by(visitor, f"{n}"))
            for n in range(50)
        ]
        done = await asyncio.gather(*posts)
        assert sorted(d.entry.seq for d in done) == list(range(2, 52))
        log = await replicas[0].read_log(conversation.id, 0, 200)
        assert [entry.seq for entry in log] == list(range(1, 52))
        assert {entry.client_id for entry in log[1:]} == {d.entry.client_id for d in done}

    async def test_times_follow_the_numbers(self, replicas: list[Chat], visitor: Visitor) -> None:
        conversation = await opened(replicas[0], visitor)
        await asyncio.gather(*(replicas[n % 4].post_message(conversation, by(visitor)) for n in range(20)))
        times = [entry.at for entry in await replicas[0].read_log(conversation.id, 0, 200)]
        assert times == sorted(times)

    async def test_a_reader_gets_everything_after_its_cursor_page_by_page(self, chat: Chat, visitor: Visitor) -> None:
        conversation = await opened(chat, visitor)
        for _ in range(6):
            await chat.post_message(conversation, by(visitor))
        assert [e.seq for e in await chat.read_log(conversation.id, 2, 3)] == [3, 4, 5]
        assert [e.seq for e in await chat.read_log(conversation.id, 5, 3)] == [6, 7]
        assert await chat.read_log(conversation.id, 7, 3) == []


class TestRepeats:
    async def test_the_same_id_posted_twenty_times_at_once_is_one_entry(
        self, replicas: list[Chat], visitor: Visitor, relay: RecordingRelay
    ) -> None:
        draft = by(visitor, "once")
        done = await asyncio.gather(*(replicas[n % 4].post_visitor_message(visitor.id, draft) for n in range(20)))
        assert {(d.entry.conversation_id, d.entry.seq) for d in done} == {(done[0].entry.conversation_id, 1)}
        assert sum(not d.repeat for d in done) == 1
        assert len(await replicas[0].read_log(done[0].entry.conversation_id, 0, 200)) == 1
        assert relay.types().count("chat.message.posted.v1") == 1

    async def test_a_repeat_after_the_closing_is_still_the_same_entry(self, chat: Chat, visitor: Visitor) -> None:
        draft = by(visitor)
        first = await chat.post_visitor_message(visitor.id, draft)
        await chat.close(first.conversation.id, AGENT, "closed")
        again = await chat.post_message(first.conversation, draft)
        assert (again.repeat, again.entry) == (True, first.entry)

    async def test_a_repeat_that_names_no_conversation_opens_none(
        self, chat: Chat, store: Store, visitor: Visitor
    ) -> None:
        draft = by(visitor)
        first = await chat.post_visitor_message(visitor.id, draft)
        await chat.close(first.conversation.id, AGENT, "closed")
        again = await chat.post_visitor_message(visitor.id, draft)
        assert again.entry == first.entry
        assert await store.open_conversation(visitor.id) is None

    async def test_a_repeat_finds_its_entry_when_a_newer_conversation_is_open(
        self, chat: Chat, visitor: Visitor
    ) -> None:
        draft = by(visitor)
        first = await chat.post_visitor_message(visitor.id, draft)
        await chat.close(first.conversation.id, AGENT, "closed")
        newer = await chat.post_visitor_message(visitor.id, by(visitor, "again"))
        again = await chat.post_visitor_message(visitor.id, draft)
        assert again.entry == first.entry
        assert len(await chat.read_log(newer.conversation.id, 0, 200)) == 1

    async def test_another_author_cannot_take_an_id(self, chat: Chat, visitor: Visitor) -> None:
        draft = by(visitor)
        conversation = (await chat.post_visitor_message(visitor.id, draft)).conversation
        with pytest.raises(IdTaken):
            await chat.post_message(conversation, Draft(draft.client_id, AGENT, text="mine"))


class TestClosing:
    async def test_nothing_is_accepted_after_the_closing_whoever_writes_at_once(
        self, replicas: list[Chat], visitor: Visitor
    ) -> None:
        conversation = await opened(replicas[0], visitor)
        posts = [replicas[n % 4].post_message(conversation, by(visitor)) for n in range(20)]
        results = await asyncio.gather(
            *posts[:10], replicas[1].close(conversation.id, AGENT, "in_progress"), *posts[10:], return_exceptions=True
        )
        log = await replicas[0].read_log(conversation.id, 0, 200)
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        assert [entry.kind for entry in log].count("closed") == 1
        assert log[-1].kind == "closed"
        refused = [r for r in results if isinstance(r, BaseException)]
        assert all(isinstance(r, ConversationClosed) for r in refused)
        assert len(log) - 2 + len(refused) == 20

    async def test_of_two_closings_at_once_one_wins(self, replicas: list[Chat], visitor: Visitor) -> None:
        conversation = await opened(replicas[0], visitor)
        results = await asyncio.gather(
            *(replica.close(conversation.id, AGENT, "closed") for replica in replicas), return_exceptions=True
        )
        assert sum(isinstance(r, ConversationClosed) for r in results) == 3

    async def test_the_closing_carries_the_status_of_the_request(
        self, chat: Chat, visitor: Visitor, relay: RecordingRelay
    ) -> None:
        conversation = await opened(chat, visitor)
        done = await chat.close(conversation.id, AGENT, "pending")
        assert done.entry.request_status == "pending"
        event = relay.offered[-1]["event"]
        assert event["type"] == "chat.conversation.closed.v1"
        assert event["data"]["closing"]["request_status"] == "pending"

    async def test_writing_after_the_closing_opens_a_new_conversation_that_follows_it(
        self, chat: Chat, visitor: Visitor, relay: RecordingRelay
    ) -> None:
        old = await opened(chat, visitor)
        closing = (await chat.close(old.id, AGENT, "in_progress")).entry
        new = (await chat.post_visitor_message(visitor.id, by(visitor))).conversation
        assert new.id != old.id
        assert relay.offered[-1]["event"]["data"]["conversation"]["follows"]["conversation_id"] == old.id
        assert new.opened_at >= closing.at

    async def test_a_crash_between_the_closing_and_its_mark_is_mended_by_the_next_message(
        self, chat: Chat, store: Store, visitor: Visitor
    ) -> None:
        old = await opened(chat, visitor)
        await chat.close(old.id, AGENT, "closed")
        await store.conversations.update_one({"_id": old.id}, {"$set": {"state": "open"}})
        new = (await chat.post_visitor_message(visitor.id, by(visitor))).conversation
        assert new.id != old.id
        mended = await store.conversation(old.id)
        assert mended is not None
        assert mended.state == "closed"

    async def test_ten_first_messages_after_a_closing_open_one_conversation(
        self, replicas: list[Chat], visitor: Visitor
    ) -> None:
        old = await opened(replicas[0], visitor)
        await replicas[0].close(old.id, AGENT, "closed")
        done = await asyncio.gather(
            *(replicas[n % 4].post_visitor_message(visitor.id, by(visitor, str(n))) for n in range(10))
        )
        assert len({d.conversation.id for d in done}) == 1
        assert sorted(d.entry.seq for d in done) == list(range(1, 11))

    async def test_an_unknown_visitor_or_conversation_is_refused(self, chat: Chat, visitor: Visitor) -> None:
        with pytest.raises(NoSuchConversation):
            await chat.post_visitor_message("nobody", by(visitor))
        with pytest.raises(NoSuchConversation):
            await chat.close("nothing", AGENT, "closed")
        mine = await opened(chat, visitor)
        with pytest.raises(NoSuchConversation):
            await chat.conversation(mine.id, "somebody else")


class TestTheLogAsItsOwnOutbox:
    async def test_every_entry_says_who_wrote_it_and_which_of_theirs_it_is(
        self, replicas: list[Chat], store: Store, visitor: Visitor
    ) -> None:
        conversation = await opened(replicas[0], visitor)
        await replicas[0].post_message(conversation, by(visitor))
        await replicas[1].post_message(conversation, by(visitor))
        documents = await store.entries.find({"visitor_id": visitor.id}).sort("seq").to_list(None)
        assert [document["n"] for document in documents] == [1, 2, 1]
        one, same, other = (document["writer"] for document in documents)
        assert one == same != other


class TestReadMarks:
    async def test_a_mark_moves_forward_only_and_not_past_the_log(
        self, chat: Chat, store: Store, visitor: Visitor, relay: RecordingRelay
    ) -> None:
        conversation = await opened(chat, visitor)
        await chat.post_message(conversation, by(visitor))
        assert await chat.mark_read(conversation.id, "agent", 99)
        assert not await chat.mark_read(conversation.id, "agent", 1)
        found = await store.conversation(conversation.id)
        assert found is not None
        assert found.read == {"visitor": 0, "agent": 2}
        assert relay.types().count("chat.conversation.read.v1") == 1

    async def test_nothing_read_is_no_mark(self, chat: Chat, visitor: Visitor) -> None:
        conversation = await opened(chat, visitor)
        assert not await chat.mark_read(conversation.id, "visitor", 0)


class TestIndexes:
    async def test_every_reading_of_the_log_uses_one(self, database: Database, store: Store) -> None:
        for key, sort in (
            ({"conversation_id": "c", "seq": {"$gt": 3}}, {"seq": 1}),
            ({"conversation_id": "c"}, {"seq": -1}),
            ({"conversation_id": "c", "client_id": "m"}, {}),
            ({"visitor_id": "v", "client_id": "m", "author.kind": "visitor"}, {}),
        ):
            command = {"explain": {"find": "entries", "filter": key, "sort": sort}, "verbosity": "queryPlanner"}
            plan = str((await database.command(command))["queryPlanner"]["winningPlan"])
            assert "IXSCAN" in plan
            assert "COLLSCAN" not in plan
            assert "SORT'" not in plan.replace("SORT_MERGE", "")
