"""A visitor who is to be forgotten is nowhere in this database any more; what was said stays."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import orjson
import pytest
from faststream.rabbit import RabbitBroker
from guichet_chat.conversation import Attachment, Author, Draft
from guichet_chat.erasure import erase_visitor
from guichet_chat.store import Store
from guichet_chat.usecases import Chat
from guichet_contracts.requests import VisitorsErased, VisitorsErasedData
from guichet_contracts.subscriptions import SUBSCRIPTIONS
from guichet_kit.broker import EventPublisher, Topology
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database, open_client
from guichet_kit.redact import word_traces
from guichet_local.testing.moments import Moment
from guichet_local.testing.sockets import SocketClient

from .conftest import Replicas
from .test_log import AGENT
from .writers import writer

SECRET = b"k" * 48
TRACES = ("Élodie", "elodie", "Marchand")


async def everything(database: Database) -> str:
    """All that the database holds, as text."""
    found: list[Any] = []
    for name in await database.list_collection_names():
        found += await database[name].find({}).to_list(None)
    return orjson.dumps(found, default=str).decode()


async def talk(chat: Chat) -> tuple[str, str]:
    """A conversation in which the visitor's name is wherever one can be; its id and the visitor's."""
    visitor = await chat.begin_session(None, "shop", "Élodie Marchand", "elodie@example.com")
    author = Author("visitor", visitor.id, visitor.name)
    file = Attachment("f", "Facture Marchand.pdf", "application/pdf", 9)
    draft = Draft(new_id(), author, text="C’est elodie@example.com", attachments=[file])
    conversation = (await chat.post_visitor_message(visitor.id, draft)).conversation
    await chat.post_message(conversation, Draft(new_id(), AGENT, text="Bonjour ELODIE"))
    await chat.close(conversation.id, AGENT, "closed")
    return conversation.id, visitor.id


class TestForgetting:
    async def test_nothing_of_the_visitor_is_left_also_not_in_what_waits_to_be_told(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        chat = writer(store)
        conversation_id, visitor_id = await talk(chat)
        other_id, _ = await talk(chat)
        before = await everything(database)
        assert all(trace in before for trace in TRACES)

        for _ in range(2):
            await erase_visitor(store, visitor_id)

        said = await chat.read_log(conversation_id, 0, 10)
        assert [(entry.author.name, entry.text) for entry in said] == [
            (None, "C’est [effacé]"),
            ("Caro Agent", "Bonjour [effacé]"),
            ("Caro Agent", ""),
        ]
        assert [entry.author.name for entry in await chat.read_log(other_id, 0, 1)] == ["Élodie Marchand"]
        await store.entries.delete_many({"conversation_id": other_id})
        await store.conversations.delete_one({"_id": other_id})
        await store.visitors.delete_many({"_id": {"$ne": visitor_id}})
        left = await everything(database)
        assert [trace for trace in TRACES if trace in left] == []
        assert "chat.conversation.opened.v1" in left


Act = Callable[[Store], Awaitable[object]]
"""Something that is done with the database; it is given the store to do it with."""


async def forget(visitor_id: str, store: Store) -> None:
    await erase_visitor(store, visitor_id)


async def write(visitor_id: str, store: Store) -> None:
    author = Author("visitor", visitor_id, "Élodie Marchand")  # as their token has it
    draft = Draft(new_id(), author, text="Bonjour")
    await writer(store).post_visitor_message(visitor_id, draft)


async def come_back(visitor_id: str, store: Store) -> None:
    visitor = await writer(store).begin_session(visitor_id, "shop", "Élodie M.", "elodie@example.com")
    if visitor.id != visitor_id:  # who comes back after the erasure is somebody new
        await store.visitors.delete_one({"_id": visitor.id})


@pytest.mark.parametrize("database", ["pymongo"], indirect=True)  # what is in question is who comes first
class TestForgettingSomebodyWhoIsThere:
    async def begin(self, database: Database, *, talks: bool) -> tuple[Store, str]:
        store = Store(database)
        for collection in (store.visitors, store.conversations, store.entries):
            await collection.delete_many({})
        visitor = await writer(store).begin_session(None, "shop", "Élodie Marchand", "elodie@example.com")
        if talks:
            await write(visitor.id, store)
        return store, visitor.id

    async def nothing_is_left(self, database: Database) -> None:
        left = await everything(database)
        assert [trace for trace in TRACES if trace in left] == []

    @pytest.mark.parametrize("talks", [True, False], ids=["in_a_conversation", "before_the_first_message"])
    @pytest.mark.parametrize("act", [write, come_back])
    @pytest.mark.parametrize("erasure_first", [False, True], ids=["erasure_in_between", "act_in_between"])
    async def test_nothing_is_left_at_whatever_moment(
        self, database: Database, act: Callable[[str, Store], Awaitable[None]], erasure_first: bool, talks: bool
    ) -> None:
        await Store(database).ensure_indexes()
        for nth in itertools.count():
            store, visitor_id = await self.begin(database, talks=talks)
            doing: list[Act] = [partial(act, visitor_id), partial(forget, visitor_id)]
            begun, interrupting = reversed(doing) if erasure_first else doing
            moment, watched = Moment(nth, partial(interrupting, store)), Store(database)
            for name in ("visitors", "conversations", "entries"):
                setattr(watched, name, moment.watch(getattr(watched, name)))
            await begun(watched)
            if not moment.passed:
                assert nth >= 2
                return
            await self.nothing_is_left(database)

    @pytest.mark.parametrize("nth", [0, 1], ids=["before_the_tail_is_read", "before_it_is_appended"])
    async def test_a_message_on_its_way_is_rewritten(self, database: Database, nth: int) -> None:
        await Store(database).ensure_indexes()
        store, visitor_id = await self.begin(database, talks=True)
        watched, moment = Store(database), Moment(nth, partial(forget, visitor_id, store))
        watched.entries = moment.watch(store.entries)
        draft = Draft(new_id(), Author("visitor", visitor_id), text="Je m’appelle Marchand, elodie@example.com")
        posted = await writer(watched).post_visitor_message(visitor_id, draft)
        assert moment.passed
        assert (posted.entry.author.name, posted.entry.text) == (None, "Je m’appelle [effacé], [effacé]")
        await self.nothing_is_left(database)

    async def test_their_old_token_brings_no_name_back(self, database: Database) -> None:
        store, visitor_id = await self.begin(database, talks=True)
        await forget(visitor_id, store)
        draft = Draft(new_id(), Author("visitor", visitor_id, "Élodie Marchand"), text="Encore moi")
        posted = await writer(store).post_visitor_message(visitor_id, draft)
        assert (posted.entry.author.name, posted.entry.text) == (None, "Encore moi")
        await self.nothing_is_left(database)


class TestANameThatChatWasNeverTold:
    async def test_goes_from_what_was_said_and_no_other(self, database: Database) -> None:
        store = Store(database, SECRET)
        await store.ensure_indexes()
        chat = writer(store)
        visitor = await chat.begin_session(None, "shop", None, None)
        text = "Je suis Élodie MARCHAND, 06 39 98 01 01, comme toutes les marchandises"
        draft = Draft(new_id(), Author("visitor", visitor.id), text=text)
        conversation = (await chat.post_visitor_message(visitor.id, draft)).conversation
        words = word_traces(SECRET, ["Élodie Marchand"], ["elodie@example.com"], ["+33639980101"])

        await chat.erase(visitor.id, sorted(words))

        (said,) = await chat.read_log(conversation.id, 0, 1)
        assert said.text == "Je suis [effacé] [effacé], [effacé], comme toutes les marchandises"
        assert [trace for trace in TRACES if trace in await everything(database)] == []


@pytest.mark.timeout(90)
class TestTheService:
    async def test_it_forgets_whom_it_is_told_to(self, replicas: Replicas, rabbitmq_url: str, mongodb_url: str) -> None:
        mongo = open_client(mongodb_url, "pymongo", "tests")
        database = mongo.database(replicas.database)
        conversation_id, visitor_id = await talk(writer(Store(database)))
        data = VisitorsErasedData(contact_id="c", visitor_ids=(visitor_id,))
        event = VisitorsErased(id=new_id(), time=now(), subject="c", data=data)
        async with RabbitBroker(rabbitmq_url) as broker:
            await EventPublisher(broker, Topology(SUBSCRIPTIONS)).publish(event.model_dump(mode="json"))
        async with asyncio.timeout(30):
            while (await database["visitors"].find_one({"_id": visitor_id}) or {})["name"] is not None:
                await asyncio.sleep(0.1)
        entry = await database["entries"].find_one({"conversation_id": conversation_id, "seq": 2}) or {}
        assert entry["text"] == "Bonjour [effacé]"
        await mongo.close()

    async def test_their_token_ends_on_every_replica(
        self, replicas: Replicas, rabbitmq_url: str, mongodb_url: str
    ) -> None:
        mongo = open_client(mongodb_url, "pymongo", "tests")
        _, visitor_id = await talk(writer(Store(mongo.database(replicas.database))))
        await mongo.close()
        token, other = (replicas.visitor_tokens.issue(one, 900, name="É", site="s") for one in (visitor_id, new_id()))
        urls = [f"{replica.url}/chat/v1/socket" for replica in (replicas.first, replicas.second)]
        theirs = [await SocketClient.open(url, token) for url in urls]
        anothers = await SocketClient.open(urls[0], other)
        for socket in (*theirs, anothers):
            await socket.frame("ready", seconds=30)
        data = VisitorsErasedData(contact_id="c", visitor_ids=(visitor_id,))
        event = VisitorsErased(id=new_id(), time=now(), subject="c", data=data)
        async with RabbitBroker(rabbitmq_url) as broker:
            await EventPublisher(broker, Topology(SUBSCRIPTIONS)).publish(event.model_dump(mode="json"))

        assert [await socket.closed(30) for socket in theirs] == [4401, 4401]
        again = await SocketClient.open(urls[1], token)
        assert await again.closed(30) == 4401
        await anothers.send("ping")
        await anothers.frame("pong", seconds=30)
        await anothers.close()
