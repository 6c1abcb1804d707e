"""What one stranger can hold of a replica is bounded: a message's size, how many sockets, how much is said on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from guichet_chat.sockets.connection import BURST
from guichet_chat.sockets.hub import SOCKETS_EACH
from guichet_kit.http import SOCKET_MESSAGE_LIMIT
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .conftest import Open, Person, Replicas, Visit

UNFINISHED = 40
MIB = 1 << 20


class TestOneMessage:
    async def test_up_to_the_limit_the_socket_stays_and_above_it_is_closed(self, visit: Visit, customer: Open) -> None:
        socket = await customer(await visit())
        await socket.send_raw("x" * SOCKET_MESSAGE_LIMIT)
        await socket.frame("error", code="frame_too_large")
        await socket.send_raw("x" * (SOCKET_MESSAGE_LIMIT + 1))
        assert await socket.closed(30) == 1009

    async def test_unfinished_ones_leave_no_memory_behind(self, replicas: Replicas, visit: Visit) -> None:
        before = _resident(replicas.first.pid)
        people = [await visit() for _ in range(UNFINISHED)]
        url = f"{replicas.first.url}/chat/v1/socket"
        codes = await asyncio.gather(*(_begin_without_end(url, person) for person in people))
        assert set(codes) == {1009}
        grown = _resident(replicas.first.pid) - before
        assert grown < 40 * MIB, f"{grown / MIB:.0f} MiB"


class TestOneVisitor:
    async def test_the_oldest_socket_goes_when_there_are_more_than_ten(self, visit: Visit, customer: Open) -> None:
        person, other = await visit(), await customer(await visit())
        opened = [await customer(person) for _ in range(SOCKETS_EACH)]
        newest = await customer(person)
        assert await opened[0].closed(30) == 4429
        for socket in (*opened[1:], newest, other):
            await socket.send("ping")
            await socket.frame("pong", 30)

    async def test_their_sockets_share_what_one_may_say(self, visit: Visit, customer: Open) -> None:
        person, other = await visit(), await customer(await visit())
        first, second = await customer(person), await customer(person)
        for _ in range(int(BURST * 0.8)):
            await first.send("ping")
        await first.count("pong", int(BURST * 0.8), 30)
        with suppress(ConnectionClosed):
            for _ in range(int(BURST * 3)):
                await second.send("ping")
        assert await second.closed(30) == 4429
        assert len(second.of("pong")) < BURST
        await other.send("ping")
        await other.frame("pong", 30)


async def _begin_without_end(url: str, person: Person) -> int | None:
    """Send 4 MiB of one message that does not end; the code that it is closed with."""
    socket: ClientConnection = await connect(
        url.replace("http", "ws", 1),
        subprotocols=["guichet.v1", f"bearer.{person.token}"],  # type: ignore[list-item]
        compression=None,
        max_size=None,
        proxy=None,
    )

    async def pieces() -> AsyncIterator[str]:
        for _ in range(64):
            yield "x" * (64 << 10)
        await asyncio.Event().wait()

    sending = asyncio.create_task(socket.send(pieces()))
    async with asyncio.timeout(60):
        await socket.wait_closed()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    return socket.close_code


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024


pytestmark = pytest.mark.timeout(300)
