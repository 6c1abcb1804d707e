"""A client that loses nothing, by docs/protocol.md, and writes down what it was told and shown.

A record is a line of JSON: `t` (seconds since 1970), `who`, `did`, and what it is about.
"""

import asyncio
import hashlib
import json
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2

from ..bench.frames import Message, NotOpened, Socket

PING_SECONDS = 4.0
PONG_SECONDS = 10.0
LONGEST_WAIT = 2.0
AGAIN_SECONDS = 0.3
FINAL = frozenset({"conversation_closed", "not_found", "id_taken", "invalid_frame"})
"""Refusals that no repeat changes."""

FAILED = (OSError, TimeoutError, NotOpened, httpx2.HTTPError)


def digest(text: str) -> str:
    """What is noted of a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class Records:
    """Where one process writes down what its people were told and shown."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1 << 16)

    def note(self, who: str, did: str, **about: Any) -> None:
        """Write one record."""
        self._file.write(json.dumps({"t": round(time.time(), 3), "who": who, "did": did, **about}) + "\n")

    def flush(self) -> None:
        """Have all of it in the file."""
        self._file.flush()


class Person:
    """One socket that comes back when it is lost, whatever is behind it."""

    path = ""

    def __init__(self, name: str, gateway: str, source: str, records: Records) -> None:
        self.name, self.gateway, self.source, self.records = name, gateway, source, records
        self.unacknowledged: dict[str, Message] = {}
        self.cursors: dict[str, int] = {}
        self.chance = random.Random(name)  # noqa: S311 - the same people in each run
        self._opened: Socket | None = None
        self._socket: Socket | None = None
        """The same once it is greeted: before what has no answer was sent again, nothing new may be sent."""
        self._fed: dict[str, int] = {}
        self._asked: list[str] = []
        """The conversations whose rest was asked for, in the order of the answers that are still to come."""
        self._pong = 0.0
        self._lost = asyncio.Event()

    async def token(self) -> str:
        """A token for the socket."""
        raise NotImplementedError

    def greeted(self, frame: Message) -> None:
        """The socket is open; `ready` came."""

    def answered(self, client_id: str, conversation_id: str) -> None:
        """A message was acknowledged."""

    def refused(self, client_id: str, code: str) -> None:
        """A message was refused for good."""

    async def stay(self) -> None:
        """Be there, until cancelled."""
        wait = 0.1
        while True:
            self._lost.clear()
            try:
                await self._open()
                wait = 0.1
                await self._watch()
            except FAILED as error:
                self.records.note(self.name, "not there", why=f"{type(error).__name__}: {error}"[:200])
            self._socket = None
            if self._opened is not None:
                self.records.note(self.name, "left")
                self._opened.end()
                self._opened = None
            await asyncio.sleep(wait * self.chance.uniform(0.5, 1.5))
            wait = min(wait * 2, LONGEST_WAIT)

    def post(self, text: str, conversation_id: str | None, **fields: Any) -> str:
        """Write a message: noted before it is sent, sent until there is an answer."""
        client_id = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        message: Message = {"type": "message.post", "id": client_id, "text": text, **fields}
        if conversation_id is not None:
            message["conversation_id"] = conversation_id
        self.unacknowledged[client_id] = message
        self.records.note(self.name, "sent", id=client_id, text=digest(text), conversation=conversation_id)
        self._send(message)
        return client_id

    def sync(self, conversation_id: str) -> None:
        """Ask for what is after the cursor, once at a time."""
        if conversation_id not in self._asked:
            self._ask("sync", conversation_id)

    def _ask(self, frame_type: str, conversation_id: str) -> None:
        if self._socket is None:
            return  # it is asked for when there is one
        self._asked.append(conversation_id)
        after = self.cursors.get(conversation_id, 0)
        self._send({"type": frame_type, "conversation_id": conversation_id, "after_seq": after})

    def _send(self, message: Message) -> None:
        if self._socket is not None:
            self._socket.send(message)

    async def _open(self) -> None:
        token = await self.token()
        url = f"{self.gateway.replace('http', 'ws', 1)}{self.path}"
        self._fed, self._asked, self._pong = {}, [], time.monotonic()
        async with asyncio.timeout(10):
            socket = await Socket.open(url, token, self._on_frame, self.source)
        socket.on_close = lambda _: self._lost.set()
        self._opened = socket
        self.records.note(self.name, "came")
        if socket.closed:
            self._lost.set()

    async def _watch(self) -> None:
        while not self._lost.is_set():
            self._send({"type": "ping"})
            try:
                await asyncio.wait_for(self._lost.wait(), PING_SECONDS)
            except TimeoutError:
                if time.monotonic() - self._pong > PONG_SECONDS:
                    return

    def _on_frame(self, socket: Socket, frame: Message) -> None:
        match frame["type"]:
            case "ready":
                self._socket = socket
                self.greeted(frame)
                for message in list(self.unacknowledged.values()):
                    self._send(message)
            case "pong":
                self._pong = time.monotonic()
            case "message.accepted":
                self._accepted(frame["id"], frame["conversation_id"], frame["seq"])
            case "entry":
                self._entry(frame)
            case "synced":
                if frame["conversation_id"] in self._asked:
                    self._asked.remove(frame["conversation_id"])
                self._fed[frame["conversation_id"]] = max(frame["last_seq"], self._fed.get(frame["conversation_id"], 0))
            case "error":
                self._error(frame)

    def _accepted(self, client_id: str, conversation_id: str, seq: int) -> None:
        if self.unacknowledged.pop(client_id, None) is not None:
            self.records.note(self.name, "accepted", id=client_id, conversation=conversation_id, seq=seq)
            self.answered(client_id, conversation_id)

    def _entry(self, frame: Message) -> None:
        conversation_id, seq = frame["conversation_id"], frame["seq"]
        about = {"conversation": conversation_id, "seq": seq, "id": frame["id"], "text": digest(frame["text"])}
        if conversation_id not in self._asked:
            if seq <= self._fed.get(conversation_id, 0):
                self.records.note(self.name, "fed_again", **about)
            self._fed[conversation_id] = seq
        cursor = self.cursors.get(conversation_id, 0)
        if seq == cursor + 1:
            self.cursors[conversation_id] = seq
            self.records.note(self.name, "shown", **about)
            if frame["kind"] == "closed":
                self.saw_closing(conversation_id)
        elif seq > cursor:
            self.records.note(self.name, "ahead", **about)
            self.sync(conversation_id)
        if frame["id"] in self.unacknowledged:
            self._accepted(frame["id"], conversation_id, seq)

    def saw_closing(self, conversation_id: str) -> None:
        """The conversation is over."""

    def _error(self, frame: Message) -> None:
        client_id, code = frame.get("ref"), frame.get("code", "")
        if client_id is None or client_id not in self.unacknowledged:
            # What has no id of its own and can fail is a sync. A socket's frames are handled one after the other, so it
            # is the first that has no answer; the others are still coming, and asked for again would be shown twice.
            self.records.note(self.name, "error", code=code)
            if self._asked:
                asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.sync, self._asked.pop(0))
        elif code in FINAL:
            del self.unacknowledged[client_id]
            self.records.note(self.name, "refused", id=client_id, code=code)
            self.refused(client_id, code)
        else:
            self.records.note(self.name, "troubled", id=client_id, code=code)
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._again, client_id)

    def _again(self, client_id: str) -> None:
        if (message := self.unacknowledged.get(client_id)) is not None:
            self._send(message)


async def insist(act: Callable[[], Awaitable[httpx2.Response]], fine: tuple[int, ...]) -> httpx2.Response:
    """Ask until there is an answer that is meant: one of ``fine``, or another refusal than *not now*."""
    wait = 0.1
    while True:
        try:
            answer = await act()
            if answer.status_code in fine or answer.status_code not in (401, 429, 500, 502, 503, 504):
                return answer
        except FAILED:
            pass
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_WAIT)
