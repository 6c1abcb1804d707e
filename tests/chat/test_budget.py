"""What messages cost, counted: commands of MongoDB and messages of RabbitMQ, so that none creeps back."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from guichet_chat.conversation import Author, Draft
from guichet_kit.ids import new_id
from pymongo import AsyncMongoClient, WriteConcern
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from .test_told import Broker, Process, running

CONVERSATIONS, EACH = 50, 4
NOT_OURS = {"hello", "ping", "endSessions"}


class Commands(CommandListener):
    """Counts commands by their names."""

    def __init__(self) -> None:
        self.counted = Counter[str]()

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name not in NOT_OURS:
            self.counted[event.command_name] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        return

    def failed(self, event: CommandFailedEvent) -> None:
        return


@dataclass
class Counted:
    process: Process
    broker: Broker
    commands: Commands

    async def open(self, visitors: int) -> list[str]:
        """Visitors with an open conversation and one message in it, told of; nothing of it is counted."""
        ids = []
        for _ in range(visitors):
            visitor = await self.process.chat.begin_session(None, "shop", None, None)
            ids.append(visitor.id)
            await self.post(visitor.id)
        await self.process.marked(visitors)
        self.commands.counted.clear()
        self.broker.also.clear()
        return ids

    async def post(self, visitor_id: str) -> None:
        draft = Draft(new_id(), Author("visitor", visitor_id), text="Bonjour")
        await self.process.chat.post_visitor_message(visitor_id, draft)


@pytest.fixture
async def counted(mongodb_url: str) -> AsyncIterator[Counted]:
    commands, broker = Commands(), Broker()
    client = AsyncMongoClient[dict[str, object]](mongodb_url, event_listeners=[commands], tz_aware=True)
    name = f"test_{secrets.token_hex(4)}_budget"
    process = Process(client.get_database(name, write_concern=WriteConcern("majority", j=True)), broker)
    await process.store.ensure_indexes()
    async with running(process):
        yield Counted(process, broker, commands)
    await client.drop_database(name)
    await client.close()


class TestMessagesInConversationsThatAreKnown:
    async def test_one_alone_is_one_insert_and_a_mark(self, counted: Counted) -> None:
        (visitor_id,) = await counted.open(1)
        await counted.post(visitor_id)
        await counted.process.marked(2)
        assert counted.commands.counted["insert"] == 1
        assert set(counted.commands.counted) <= {"insert", "update", "find", "findAndModify"}
        # `find` are the test's own looks at the mark, `findAndModify` looks for dead processes.
        assert counted.commands.counted["update"] <= 2
        assert len(counted.broker.also) == 1

    async def test_two_hundred_at_once_are_few_commands_and_few_messages(self, counted: Counted) -> None:
        ids = await counted.open(CONVERSATIONS)
        told = len(counted.broker.events)
        await asyncio.gather(*(counted.post(visitor_id) for visitor_id in ids * EACH))
        commands = counted.commands.counted.copy()
        async with asyncio.timeout(30):
            while len(counted.broker.events) < told + CONVERSATIONS * EACH:
                await asyncio.sleep(0.02)
        assert commands["insert"] <= 2 * EACH + 4
        assert commands.total() <= 0.3 * CONVERSATIONS * EACH
        assert len(counted.broker.also) <= 0.1 * CONVERSATIONS * EACH
