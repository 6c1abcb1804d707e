"""Messages stand in the order in which they were sent, also when one of them is refused for a moment."""

import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from guichet_chat.sockets import session
from guichet_chat.sockets.connection import Connection, Text
from guichet_chat.sockets.frames import MessagePost, customer_frames
from guichet_kit.mongo import OUTAGES

A, B = str(uuid.uuid4()), str(uuid.uuid4())


def post(message_id: str) -> str:
    return json.dumps({"type": "message.post", "id": message_id, "text": "Bonjour"})


class Client:
    """What one client sends, one frame after the other, and what it is told."""

    def __init__(self, *frames: str) -> None:
        self._frames = frames
        self.told: list[dict[str, Any]] = []

    def offer(self, frame: str) -> bool:
        self.told.append(json.loads(frame))
        return True

    async def converse(self, handle: Callable[[Text], Awaitable[None]]) -> None:
        for frame in self._frames:
            await handle(frame)

    @property
    def refused(self) -> list[tuple[str, str]]:
        return [(frame["ref"], frame["code"]) for frame in self.told]


class Log:
    """Takes messages, but for as many at the beginning as an outage lasts."""

    def __init__(self, outages: int) -> None:
        self._outages = outages
        self.taken: list[str] = []

    async def append(self, frame: MessagePost) -> None:
        if self._outages:
            self._outages -= 1
            raise OUTAGES[0]("away")
        self.taken.append(frame.id)


async def converse(client: Client, log: Log) -> None:
    await session.converse(cast("Connection", client), customer_frames, log.append)


class TestAMessageThatIsRefusedForAMoment:
    async def test_is_not_overtaken_by_the_one_that_was_sent_behind_it(self) -> None:
        client, log = Client(post(A), post(B), post(A), post(B)), Log(outages=1)
        await converse(client, log)
        assert log.taken == [A, B]
        assert client.refused == [(A, "unavailable"), (B, "unavailable")]

    async def test_is_refused_again_as_long_as_the_outage_lasts(self) -> None:
        client, log = Client(post(A), post(B), post(A), post(B), post(A), post(B)), Log(outages=2)
        await converse(client, log)
        assert log.taken == [A, B]

    async def test_that_never_comes_again_holds_nothing_up_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(session, "HELD_SECONDS", 0.0)
        client, log = Client(post(A), post(B)), Log(outages=1)
        await converse(client, log)
        assert log.taken == [B]
