"""What one sender wrote in an order stands in that order, also when the database is away for the first of it."""

import json
import uuid
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import pytest
from guichet_chat.sockets import session
from guichet_chat.sockets.connection import Connection
from guichet_chat.sockets.frames import CustomerFrame, MessagePost, customer_frames
from guichet_chat.sockets.session import converse
from pymongo.errors import AutoReconnect

Message = MutableMapping[str, Any]


class Client:
    """The other end of a socket: has sent everything before it hears anything, and then leaves."""

    def __init__(self, *ids: str, conversations: Sequence[str | None] = (None, None)) -> None:
        posts = [
            json.dumps({"type": "message.post", "id": one, "text": "Bonjour", "conversation_id": conversation})
            for one, conversation in zip(ids, conversations, strict=True)
        ]
        self._coming: list[Message] = [{"type": "websocket.receive", "text": post} for post in posts]

    async def receive(self) -> Message:
        return self._coming.pop(0) if self._coming else {"type": "websocket.disconnect", "code": 1006}

    async def send(self, message: Message) -> None:
        pass


def failing_once(log: list[str]) -> Callable[[CustomerFrame], Awaitable[None]]:
    """Writes messages down, each once; the first time the database is away."""
    tries = 0

    async def handle(frame: CustomerFrame) -> None:
        nonlocal tries
        assert isinstance(frame, MessagePost)
        tries += 1
        if tries == 1:
            raise AutoReconnect("the database is away")
        if frame.id not in log:
            log.append(frame.id)

    return handle


async def talk(client: Client, handle: Callable[[CustomerFrame], Awaitable[None]]) -> None:
    await converse(Connection(client.receive, client.send, "customer", 1 << 31), customer_frames, handle)


class TestADatabaseThatIsAwayForOneMessage:
    async def test_lets_none_that_was_sent_behind_it_be_written_before_it(self) -> None:
        first, second = str(uuid.uuid4()), str(uuid.uuid4())
        log: list[str] = []
        handle = failing_once(log)
        for _ in range(2):  # the refusal never comes to the client, who comes back and sends again what has no answer
            await talk(Client(first, second), handle)
        assert log == [first, second]

    async def test_holds_up_nothing_of_another_conversation(self) -> None:
        first, second = str(uuid.uuid4()), str(uuid.uuid4())
        log: list[str] = []
        await talk(Client(first, second, conversations=[str(uuid.uuid4()), str(uuid.uuid4())]), failing_once(log))
        assert log == [second]

    async def test_holds_up_nothing_once_it_came_again(self) -> None:
        first, second = str(uuid.uuid4()), str(uuid.uuid4())
        log: list[str] = []
        await talk(Client(first, first, second, conversations=[None] * 3), failing_once(log))
        assert log == [first, second]

    async def test_holds_up_nothing_for_ever_when_its_sender_gave_it_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(session, "GIVEN_UP_SECONDS", -1.0)
        first, second = str(uuid.uuid4()), str(uuid.uuid4())
        log: list[str] = []
        await talk(Client(first, second), failing_once(log))
        assert log == [second]
