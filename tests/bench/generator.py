"""The load, in one process of its own: customers who write at a fixed rate, agents who are shown it.

Reads one command as JSON from each line of its input, and answers with one line. The loop is open: a message is sent
when it is due, whatever became of those before, and its time counts from when it was due.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import httpx2
import uvloop
from pymongo import AsyncMongoClient

from .figures import Figures, spread
from .frames import Message, Socket

HOPELESS_SECONDS = 5.0
"""What is not acknowledged so long after it was due: the system is overloaded, and the run ends."""
DRAIN_SECONDS = 240.0
LOOK_SECONDS = 0.05
WATCH_SECONDS = 0.25
OPENING_AT_ONCE = 8
SOURCES = 50
"""The gateway limits by address; customers come from as many of the loopback's."""

TEXT = "bonjour où en est ma commande de la semaine dernière merci de votre réponse la lampe clignote encore"
WORDS = TEXT.split(" ")


def source(number: int) -> str:
    """An address of the loopback for the client of that number."""
    return f"127.0.1.{1 + number % SOURCES}"


def text(chance: random.Random) -> str:
    """A sentence of about 80 characters."""
    return " ".join(chance.choice(WORDS) for _ in range(15))


class Timeline:
    """Looks whether messages have come to the timelines, and how long after they were acknowledged."""

    def __init__(self, mongodb_url: str) -> None:
        self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url)
        self._items = self._client["guichet_requests"]["timeline"]
        self.waiting: dict[str, float] = {}
        self.lags: list[float] = []
        self.commands = 0

    async def look(self) -> None:
        """Look once for all that are waited for."""
        if not self.waiting:
            return
        self.commands += 1
        # A line of the timeline has its entry's place in the log as its id.
        found = await self._items.find({"_id": {"$in": list(self.waiting)}}, {"_id": True}).to_list(None)
        now = time.perf_counter()
        self.lags += [now - self.waiting.pop(one["_id"]) for one in found]

    async def drain(self) -> bool:
        """Look until all have come; False when they do not in time."""
        limit = time.perf_counter() + DRAIN_SECONDS
        while self.waiting and time.perf_counter() < limit:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)
        return not self.waiting

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()


class Customers:
    """Open sockets of customers, each with a conversation, on Guichet or on the bare path."""

    def __init__(self, timeline: Timeline | None) -> None:
        self.timeline = timeline
        self.sockets: list[Socket] = []
        self.agents: list[Socket] = []
        self.due: dict[str, float] = {}
        self.unshown: dict[str, float] = {}
        self.taken: list[float] = []
        self.shown: list[float] = []
        self.places: dict[str, int] = {}
        self.newest: tuple[str, float] | None = None
        self.refused: list[str] = []
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._chance = random.Random(7)  # noqa: S311 - the same customers in each run

    async def open_bare(self, url: str, count: int) -> None:
        """Customers of the bare path."""
        for _ in range(count):
            self.sockets.append(await Socket.open(url, None, self._on_customer_frame))

    async def open_guichet(self, gateway: str, count: int, agents: int, agent_token: str) -> None:
        """Customers of Guichet, with a conversation each, and agents who are shown those, each their part of them."""
        ws = gateway.replace("http", "ws", 1)
        limit = asyncio.Semaphore(OPENING_AT_ONCE)

        async def one(number: int) -> str:
            async with limit, httpx2.AsyncClient(transport=_from(source(number)), base_url=gateway) as http:
                answer = await http.post("/chat/v1/visitors", json={"widget_key": "demo"})
                token = answer.raise_for_status().json()["token"]
                socket = await Socket.open(f"{ws}/chat/v1/socket", token, self._on_customer_frame, source(number))
                first = f"{random.getrandbits(128):032x}"
                client_id = f"{first[:8]}-{first[8:12]}-4{first[13:16]}-8{first[17:20]}-{first[20:]}"
                answered = self._answers[client_id] = asyncio.get_running_loop().create_future()
                socket.send({"type": "message.post", "id": client_id, "text": text(self._chance)})
                accepted = await asyncio.wait_for(answered, 60)
                socket.label = accepted["conversation_id"]
                self.sockets.append(socket)
                return str(socket.label)

        conversations = await asyncio.gather(*(one(number) for number in range(count)))
        for number in range(agents):
            socket = await Socket.open(f"{ws}/api/v1/live", agent_token, self._on_agent_frame, source(number))
            self.agents.append(socket)
            # As the console does that shows the list of open requests.
            socket.send({"type": "watch", "request_ids": [], "view": {"view": "open"}, "bundled": True})
        for number, conversation in enumerate(conversations):
            socket = self.agents[number % agents]
            socket.send({"type": "subscribe", "conversation_id": conversation, "after_seq": 0})
            await asyncio.sleep(0.06)  # a socket may send 20 frames a second for long
        await asyncio.sleep(1)

    async def run(self, rate: float, seconds: float) -> Figures:
        """Send at that rate for so long, and tell how it went."""
        self.due, self.unshown, self.taken, self.shown, self.refused = {}, {}, [], [], []
        self.newest = None
        if self.timeline:
            self.timeline.waiting, self.timeline.lags, self.timeline.commands = {}, [], 0
        watching = asyncio.create_task(self._watch()) if self.timeline else None
        cpu, begun = time.process_time(), time.perf_counter()
        late, sent, overloaded = await self._send(rate, seconds)
        sending_cpu, sending = time.process_time() - cpu, time.perf_counter() - begun
        limit = time.perf_counter() + (HOPELESS_SECONDS if not overloaded else DRAIN_SECONDS)
        while (self.due or self.unshown) and time.perf_counter() < limit:
            await asyncio.sleep(0.02)
        unacknowledged = len(self.due)
        drained = True
        if watching is not None and self.timeline is not None:
            self._watch_newest()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            drained = await self.timeline.drain()
        return {
            "sent": sent,
            "seconds": sending,
            "acknowledged": len(self.taken),
            "unacknowledged": unacknowledged,
            "unshown": len(self.unshown),
            "refused": sorted(set(self.refused))[:3],
            "overloaded": overloaded or unacknowledged > 0,
            "taken_ms": spread([1000 * value for value in self.taken]),
            "shown_ms": spread([1000 * value for value in self.shown]),
            "behind_ms": spread([1000 * value for value in self.timeline.lags] if self.timeline else []),
            "late_ms": spread([1000 * value for value in late]),
            "drained": drained,
            "probes": self.timeline.commands if self.timeline else 0,
            "generator_cpu": sending_cpu / sending,
        }

    async def _send(self, rate: float, seconds: float) -> tuple[list[float], int, bool]:
        begun, count = time.perf_counter(), max(1, round(rate * seconds))
        order = list(range(len(self.sockets)))
        self._chance.shuffle(order)
        late: list[float] = []
        number = 0
        prefix = f"{random.getrandbits(96):024x}"
        # Evenly spaced, each anywhere within its own slot: neither a metronome nor bursts.
        due = begun + self._chance.random() / rate
        while number < count:
            now = time.perf_counter()
            if due > now:
                await asyncio.sleep(due - now)
                continue
            late.append(now - due)
            self._post(self.sockets[order[number % len(order)]], f"{prefix}{number:08x}", due)
            number += 1
            due = begun + (number + self._chance.random()) / rate
            if number % 16 == 0:
                await asyncio.sleep(0)
                oldest = next(iter(self.due.values()), now)
                if now - oldest > HOPELESS_SECONDS:
                    return late, number, True
        return late, number, False

    def _post(self, socket: Socket, digits: str, due: float) -> None:
        client_id = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
        self.due[client_id] = due
        if self.agents:
            self.unshown[client_id] = due
        message = {"type": "message.post", "id": client_id, "text": text(self._chance)}
        if socket.label:
            message["conversation_id"] = socket.label
        socket.send(message)

    def _on_customer_frame(self, _socket: Socket, frame: Message) -> None:
        if frame["type"] == "message.accepted":
            now = time.perf_counter()
            if (due := self.due.pop(frame["id"], None)) is not None:
                self.taken.append(now - due)
                if "seq" in frame:
                    self.newest = (f"{frame['conversation_id']}:{frame['seq']}", now)
            elif (answer := self._answers.pop(frame["id"], None)) is not None:
                answer.set_result(frame)
        elif frame["type"] == "error":
            self.refused.append(f"{frame.get('code')}: {frame.get('detail')}")

    def _on_agent_frame(self, _socket: Socket, frame: Message) -> None:
        if frame["type"] == "entry" and (due := self.unshown.pop(frame["id"], None)) is not None:
            self.shown.append(time.perf_counter() - due)

    def _watch_newest(self) -> None:
        if self.newest is not None and self.timeline is not None:
            item, at = self.newest
            self.timeline.waiting.setdefault(item, at)
            self.newest = None

    async def _watch(self) -> None:
        assert self.timeline is not None
        next_one = 0.0
        while True:
            if time.perf_counter() >= next_one:
                self._watch_newest()
                next_one = time.perf_counter() + WATCH_SECONDS
            await self.timeline.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def close(self) -> None:
        """Let them all go."""
        for socket in (*self.sockets, *self.agents):
            socket.end()
        if self.timeline:
            await self.timeline.close()


def _from(address: str) -> Any:
    return httpx2.AsyncHTTPTransport(local_address=address)


async def obey(command: Mapping[str, Any], open_ones: dict[str, Customers]) -> Figures:
    """Do what one line of the input says."""
    name = command["target"]
    match command["do"]:
        case "open" if name == "bare":
            customers = open_ones[name] = Customers(None)
            await customers.open_bare(command["url"], command["conversations"])
        case "open":
            customers = open_ones[name] = Customers(Timeline(command["mongodb_url"]))
            await customers.open_guichet(
                command["url"], command["conversations"], command["agents"], command["agent_token"]
            )
        case "run":
            return await open_ones[name].run(command["rate"], command["seconds"])
        case "close":
            await open_ones.pop(name).close()
    return {}


T = TypeVar("T")


async def serve(obey: Callable[[Mapping[str, Any], dict[str, T]], Awaitable[Figures]]) -> None:
    """Obey until the input ends."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    open_ones: dict[str, T] = {}
    while line := await lines.readline():
        try:
            answer = await obey(json.loads(line), open_ones)
        except Exception as error:  # noqa: BLE001 - the bench tells of it
            answer = {"error": f"{type(error).__name__}: {error}"}
        os.write(1, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    uvloop.run(serve(obey))
