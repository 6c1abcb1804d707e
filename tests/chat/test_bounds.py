"""What one stranger can hold of a replica is bounded: a message's size, how many sockets, how much is said on them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from guichet_chat import visitor_token
from guichet_chat.conversation import Identity, Visitor
from guichet_chat.sockets.bounds import HEARD_SECONDS, SOCKETS_EACH, Bounds
from guichet_chat.sockets.connection import BURST, Connection
from guichet_chat.store import Store
from guichet_kit.clock import now
from guichet_kit.http import SOCKET_MESSAGE_LIMIT, SOCKET_PIECES_LIMIT
from guichet_kit.mongo import Database, open_client
from guichet_local.testing.sockets import SocketClient
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from .conftest import Open, Person, Replicas, Visit
from .test_log import by
from .writers import writer

UNFINISHED = 40
MIB = 1 << 20
TOO_BIG = 1009
GIVEN_UP = {TOO_BIG, 1006}
"""The reason may be lost on the way, where the client was still sending when the server closed."""


class TestOneMessage:
    async def test_up_to_the_limit_the_socket_stays_and_above_it_is_closed(self, visit: Visit, customer: Open) -> None:
        socket = await customer(await visit())
        await socket.send_raw("x" * SOCKET_MESSAGE_LIMIT)
        await socket.frame("error", code="frame_too_large")
        await socket.send_raw("x" * (SOCKET_MESSAGE_LIMIT + 1))
        assert await socket.closed(30) == TOO_BIG

    async def test_unfinished_ones_of_a_mebibyte_leave_no_memory_behind(
        self, replicas: Replicas, visit: Visit
    ) -> None:  # fmt: skip
        before = _resident(replicas.first.pid)
        people = [await visit() for _ in range(UNFINISHED)]
        unfinished = [await _Unfinished.begin(replicas, person) for person in people]
        assert set(await asyncio.gather(*(one.send(16, 64 << 10) for one in unfinished))) <= GIVEN_UP
        grown = _resident(replicas.first.pid) - before
        assert grown < UNFINISHED * SOCKET_MESSAGE_LIMIT, f"{grown / MIB:.0f} MiB"

    @pytest.mark.parametrize("size", [0, 1])
    async def test_of_more_pieces_than_any_client_makes_is_given_up(
        self, replicas: Replicas, visit: Visit, size: int
    ) -> None:  # fmt: skip
        one = await _Unfinished.begin(replicas, await visit())
        assert await one.send(SOCKET_PIECES_LIMIT + 50, size) in GIVEN_UP

    async def test_in_some_pieces_is_a_message(self, replicas: Replicas, visit: Visit) -> None:
        person = await visit()
        socket = await SocketClient.open(f"{replicas.first.url}/chat/v1/socket", person.token)
        await socket.frame("ready")
        await socket.send_pieces(['{"type"', "", ":", '"ping"', "}"])
        await socket.frame("pong", 30)
        await socket.close()


class TestOneVisitor:
    async def test_the_oldest_socket_goes_when_there_are_more_than_ten(self, visit: Visit, customer: Open) -> None:
        person, other = await visit(), await customer(await visit())
        opened = [await customer(person) for _ in range(SOCKETS_EACH)]
        newest = await customer(person)
        assert await opened[0].closed(30) == 4429
        await _all_answer([*opened[1:], newest, other])

    async def test_the_oldest_goes_also_when_they_are_with_different_replicas(
        self, replicas: Replicas, visit: Visit, customer: Open
    ) -> None:
        person = await visit()
        turns = [replicas.first, replicas.second] * SOCKETS_EACH
        opened = [await customer(person, turns[nth]) for nth in range(SOCKETS_EACH + 2)]
        assert [await opened[0].closed(30), await opened[1].closed(30)] == [4429, 4429]
        await _all_answer(opened[2:])

    async def test_those_that_left_count_no_more(self, replicas: Replicas, visit: Visit, customer: Open) -> None:
        person = await visit()
        first = await customer(person, replicas.second)
        for _ in range(SOCKETS_EACH + 2):
            passing = await customer(person)
            await passing.close()
        await _all_answer([first])

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

    async def test_opening_sockets_counts_as_saying_something(self, replicas: Replicas, visit: Visit) -> None:
        person = await visit()
        codes = set[int | None]()
        async with asyncio.timeout(120):
            while 4429 not in codes:
                sockets = await asyncio.gather(
                    *(SocketClient.open(f"{replicas.first.url}/chat/v1/socket", person.token) for _ in range(20))
                )
                await asyncio.gather(*(socket.close() for socket in sockets))
                codes |= {socket.close_code for socket in sockets}


class TestAVisitorWhoSaidNothing:
    async def test_is_not_written_down_and_keeps_what_they_told(
        self, replicas: Replicas, http: httpx2.AsyncClient, customer: Open, agent: Open
    ) -> None:
        told = {"widget_key": "shop", "name": "Zoé Silent", "email": "zoe@example.com"}
        session = (await http.post("/chat/v1/visitors", json=told)).json()
        again = (await http.post("/chat/v1/visitors", json={"widget_key": "shop", "token": session["token"]})).json()
        assert (again["visitor_id"], again["has_email"]) == (session["visitor_id"], True)
        assert await self.written(replicas, session["visitor_id"]) is None

        socket = await customer(Person(again["visitor_id"], again["token"]))
        accepted = await socket.frame("message.accepted", 30, id=await socket.post("Bonjour"))
        written = await self.written(replicas, session["visitor_id"])
        assert written is not None
        assert (written["name"], written["email"]) == ("Zoé Silent", "zoe@example.com")
        entries = (await http.get(f"/api/v1/conversations/{accepted['conversation_id']}/entries")).json()["items"]
        assert entries[0]["author"]["name"] == "Zoé Silent"

    async def test_of_another_site_is_nobody_here(self, replicas: Replicas, http: httpx2.AsyncClient) -> None:
        elsewhere = replicas.visitor_tokens.issue("v-elsewhere", 900, name="Ada", site="other")
        session = await http.post("/chat/v1/visitors", json={"widget_key": "shop", "token": elsewhere})
        assert session.json()["visitor_id"] != "v-elsewhere"

    async def written(self, replicas: Replicas, visitor_id: str) -> dict[str, object] | None:
        client = open_client(self.mongodb_url, "pymongo", "tests")
        try:
            return await client.database(replicas.database)["visitors"].find_one({"_id": visitor_id})
        finally:
            await client.close()

    @pytest.fixture(autouse=True)
    def _url(self, mongodb_url: str) -> None:
        self.mongodb_url = mongodb_url


class TestAVisitorWhomTheirSiteNames:
    ADA = Identity("customer-1", "Ada", "ada@example.com")

    async def test_goes_by_age_when_they_say_nothing(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        indexes = await store.visitors.index_information()
        assert indexes["silent"]["expireAfterSeconds"] == 0
        visitor = await writer(store).meet(None, "shop", None, None, self.ADA)
        first = await self.until(store, visitor)
        assert first > now() + timedelta(seconds=visitor_token.LIFETIME_SECONDS)
        again = await writer(store).meet(visitor, "shop", None, None, self.ADA)
        assert again.id == visitor.id
        assert await self.until(store, visitor) > first

    async def test_stays_once_they_have_said_something(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        chat = writer(store)
        visitor = await chat.meet(None, "shop", None, None, self.ADA)
        await chat.post_visitor_message(visitor.id, by(visitor), visitor)
        await chat.meet(visitor, "shop", None, "other@example.com", self.ADA)
        assert await self.until(store, visitor) is None

    async def test_who_spoke_before_is_the_one_who_signs_in(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        chat = writer(store)
        silent = await chat.meet(None, "shop", "Zoé", None)
        visitor = await chat.meet(silent, "shop", None, None, Identity("customer-1"))
        assert (visitor.id, visitor.name, visitor.verified) == (silent.id, "Zoé", False)

    async def until(self, store: Store, visitor: Visitor) -> Any:
        found = await store.visitors.find_one({"_id": visitor.id})
        assert found is not None
        return found.get("silent_until")


class Closings(Connection):
    """A connection that remembers how it was closed."""

    def __init__(self) -> None:
        self.code: int | None = None

    def close(self, code: int) -> None:
        self.code = code


class TestReplicas:
    """Two of them, as far as they tell each other."""

    @pytest.fixture(autouse=True)
    def two(self) -> Iterator[None]:
        self.time = 1000.0
        self.told = 0
        self.one, self.two_ = (Bounds(clock=self.clock) for _ in range(2))
        self.one.tell = lambda visitor_id, since: self.tell(self.two_, "one", visitor_id, since)
        self.two_.tell = lambda visitor_id, since: self.tell(self.one, "two", visitor_id, since)
        with ExitStack() as self.open:
            yield

    def clock(self) -> float:
        self.time += 0.001
        return self.time

    def tell(self, other: Bounds, replica: str, visitor_id: str, since: Sequence[float]) -> None:
        self.told += 1
        other.hear(replica, visitor_id, since)

    def join(self, bounds: Bounds, visitor_id: str = "v") -> Closings:
        connection = Closings()
        self.open.enter_context(bounds.kept(visitor_id, connection))
        return connection

    @pytest.mark.parametrize("first", range(SOCKETS_EACH + 1))
    def test_close_the_oldest_wherever_it_is(self, first: int) -> None:
        opened = [self.join(self.one) for _ in range(first)]
        opened += [self.join(self.two_) for _ in range(SOCKETS_EACH + 1 - first)]
        assert [connection.code for connection in opened] == [4429] + [None] * SOCKETS_EACH

    def test_say_nothing_of_visitors_with_one_socket(self) -> None:
        for nth in range(30):
            self.join((self.one, self.two_)[nth % 2], f"v{nth}")
        assert self.told == 0

    def test_forget_one_that_is_gone(self) -> None:
        self.two_.tell = lambda _visitor_id, _since: None
        self.two_.hear("one", "v", [1000.0 + nth for nth in range(8)])  # and then it was killed
        kept = [self.join(self.two_) for _ in range(2)]
        self.time += HEARD_SECONDS + 1
        self.two_.tell_again()
        kept += [self.join(self.two_) for _ in range(SOCKETS_EACH - 2)]
        assert [connection.code for connection in kept] == [None] * SOCKETS_EACH

    def test_hear_again_what_they_missed(self) -> None:
        tell, self.two_.tell = self.two_.tell, lambda _visitor_id, _since: None
        opened = [self.join(self.one) for _ in range(5)]
        opened += [self.join(self.two_) for _ in range(6)]
        assert all(connection.code is None for connection in opened)
        self.two_.tell = tell
        self.two_.tell_again()
        assert [connection.code for connection in opened] == [4429] + [None] * SOCKETS_EACH

    def test_keep_nothing_of_who_left(self) -> None:
        for bounds in (self.one, self.two_) * 4:
            self.join(bounds)
        self.open.close()
        for bounds in (self.one, self.two_):
            assert not bounds._open
            assert not bounds._told
            assert not bounds._elsewhere


class _Unfinished:
    """A socket on which a message is begun and never ended."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def begin(cls, replicas: Replicas, person: Person) -> "_Unfinished":
        return cls(
            await connect(
                f"{replicas.first.url}/chat/v1/socket".replace("http", "ws", 1),
                subprotocols=["guichet.v1", f"bearer.{person.token}"],  # type: ignore[list-item]
                compression=None,
                max_size=None,
                proxy=None,
            )
        )

    async def send(self, pieces: int, size: int) -> int | None:
        """Send so many pieces of that size, and wait for the server to close; the code."""

        async def sent() -> AsyncIterator[str]:
            for _ in range(pieces):
                yield "x" * size
            await asyncio.Event().wait()

        sending = asyncio.create_task(self._socket.send(sent()))
        async with asyncio.timeout(60):
            await self._socket.wait_closed()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        return self._socket.close_code


async def _all_answer(sockets: Sequence[SocketClient]) -> None:
    for socket in sockets:
        await socket.send("ping")
        await socket.frame("pong", 30)


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * 1024


pytestmark = pytest.mark.timeout(300)
