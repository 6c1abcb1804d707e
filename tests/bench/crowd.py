"""Many sockets in one process: customers who are there and come back, agents who are shown the same conversation.

Reads one command as JSON from each line of its input, and answers with one line, like `generator`.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Mapping
from typing import Any

import uvloop

from .figures import Figures, spread
from .frames import Message, NotOpened, Socket
from .generator import serve, text
from .http import Client

SOURCES = 200
AT_ONCE = 60
BACK_WITHIN_SECONDS = 0.3
AGAIN_SECONDS = 0.2
PATIENCE_SECONDS = 60.0


def source(number: int) -> str:
    """An address of the loopback for the client of that number."""
    return f"127.0.4.{1 + number % SOURCES}"


class Crowd:
    """Customers who only are there."""

    def __init__(self, gateway: str) -> None:
        self._url = f"{gateway.replace('http', 'ws', 1)}/chat/v1/socket"
        self._port = int(gateway.rpartition(":")[2])
        self._tokens: list[str] = []
        self._there: set[int] = set()
        self._lost: set[int] = set()
        self._back: list[float] = []
        self._sockets: dict[int, Socket] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._limit = asyncio.Semaphore(AT_ONCE)
        self._killed = 0.0
        self._refused: list[str] = []
        self._chance = random.Random(7)  # noqa: S311 - the same customers in each run

    async def come(self, count: int) -> Figures:
        """So many more; how many are there, and how long it took."""
        begun = time.perf_counter()
        first = len(self._tokens)
        self._tokens += [""] * count
        await asyncio.gather(*(self._begin(number) for number in range(first, first + count)))
        return {
            "there": len(self._there),
            "seconds": time.perf_counter() - begun,
            "refused": sorted(set(self._refused))[:5],
        }

    async def _begin(self, number: int) -> None:
        async with self._limit:
            client = await Client.open(self._port, "", source(number))
            try:
                self._tokens[number] = (await client.post("/chat/v1/visitors", {"widget_key": "demo"}))["token"]
                await self._open(number)
            except (KeyError, OSError, TimeoutError, NotOpened) as error:
                self._refused.append(f"{type(error).__name__}: {error}"[:80])
            finally:
                client.close()

    async def _open(self, number: int) -> None:
        ready = asyncio.get_running_loop().create_future()

        def heard(_: Socket, frame: Message) -> None:
            if frame["type"] == "ready" and not ready.done():
                ready.set_result(None)

        socket = await Socket.open(self._url, self._tokens[number], heard, source(number))
        self._sockets[number] = socket
        socket.on_close = lambda _: self._on_close(number, ready)
        if socket.closed:
            raise NotOpened("the connection ended")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ready
        self._there.add(number)

    def _on_close(self, number: int, ready: "asyncio.Future[None]") -> None:
        if not ready.done():
            ready.set_exception(NotOpened("the connection ended"))
        if number in self._there:
            self._there.discard(number)
            self._lost.add(number)
            task = asyncio.create_task(self._return(number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _return(self, number: int) -> None:
        await asyncio.sleep(self._chance.uniform(0, BACK_WITHIN_SECONDS))
        while True:
            try:
                async with self._limit:
                    await self._open(number)
            except (OSError, TimeoutError, NotOpened):
                await asyncio.sleep(AGAIN_SECONDS * self._chance.uniform(0.5, 1.5))
            else:
                self._back.append(time.perf_counter() - self._killed)
                return

    def expect(self) -> Figures:
        """From now on count who is lost and comes back."""
        self._killed, self._lost, self._back = time.perf_counter(), set(), []
        return {}

    async def returned(self) -> Figures:
        """When all who were lost are back, how long that took them."""
        limit = time.perf_counter() + PATIENCE_SECONDS
        await asyncio.sleep(1)
        while self._tasks and time.perf_counter() < limit:
            await asyncio.sleep(0.05)
        return {"lost": len(self._lost), "back": len(self._back), "seconds": spread(self._back)}


class Audience:
    """One conversation that many agents are shown."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._times: list[float] = []
        self._last: dict[str, float] = {}
        self._conversation: asyncio.Future[str] | None = None

    async def watch(self, gateway: str, agents: int, token: str, rate: float, seconds: float) -> Figures:
        """A customer writes at that rate; how long after each message every agent, and the last of them, has it."""
        ws, port = gateway.replace("http", "ws", 1), int(gateway.rpartition(":")[2])
        chance = random.Random(7)  # noqa: S311 - the same texts in each run
        client = await Client.open(port, "", source(0))
        visitor = (await client.post("/chat/v1/visitors", {"widget_key": "demo"}))["token"]
        self._conversation = asyncio.get_running_loop().create_future()
        customer = await Socket.open(f"{ws}/chat/v1/socket", visitor, self._on_customer, source(0))
        customer.send({"type": "message.post", "id": str(uuid.uuid4()), "text": text(chance)})
        conversation = await asyncio.wait_for(self._conversation, 60)
        shown = []
        for number in range(agents):
            shown.append(await Socket.open(f"{ws}/api/v1/live", token, self._on_agent, source(number)))
            shown[-1].send({"type": "subscribe", "conversation_id": conversation, "after_seq": 0})
        await asyncio.sleep(2)
        count = max(1, int(rate * seconds))
        for _ in range(count):
            client_id = str(uuid.uuid4())
            self._due[client_id] = time.perf_counter()
            customer.send(
                {"type": "message.post", "id": client_id, "text": text(chance), "conversation_id": conversation}
            )
            await asyncio.sleep(1 / rate)
        limit = time.perf_counter() + 20
        while len(self._times) < count * agents and time.perf_counter() < limit:
            await asyncio.sleep(0.05)
        for socket in (customer, *shown):
            socket.end()
        client.close()
        last = [self._last[one] - due for one, due in self._due.items() if one in self._last]
        return {
            "agents": agents,
            "rate": rate,
            "sent": count,
            "shown": len(self._times),
            "each_ms": spread([1000 * value for value in self._times]),
            "last_ms": spread([1000 * value for value in last]),
        }

    def _on_customer(self, _: Socket, frame: Message) -> None:
        if frame["type"] == "message.accepted" and self._conversation and not self._conversation.done():
            self._conversation.set_result(frame["conversation_id"])

    def _on_agent(self, _: Socket, frame: Message) -> None:
        if frame["type"] == "entry" and (due := self._due.get(frame["id"])) is not None:
            now = time.perf_counter()
            self._times.append(now - due)
            self._last[frame["id"]] = now


async def obey(command: Mapping[str, Any], open_ones: dict[str, Crowd]) -> Figures:
    """Do what one line of the input says."""
    match command["do"]:
        case "come":
            crowd = open_ones.setdefault("crowd", Crowd(command["target"]))
            return await crowd.come(command["count"])
        case "expect":
            return open_ones["crowd"].expect()
        case "returned":
            return await open_ones["crowd"].returned()
        case "audience":
            asked = {name: command[name] for name in ("agents", "token", "rate", "seconds")}
            return await Audience().watch(command["target"], **asked)
    raise ValueError(command["do"])


if __name__ == "__main__":
    uvloop.run(serve(obey))
