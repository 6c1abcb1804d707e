"""What the replicas tell each other at once: entries, read marks, typing, and whom to know anew.

A line is a few fields as JSON, a tab, and the frame as sockets carry it: whoever hears it reads the fields, and passes
the frame on as it is, or drops it unread where no socket shows the conversation.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from typing import Any, Protocol

import orjson
from guichet_kit import trace
from guichet_kit.clock import to_wire
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES

from guichet_chat.conversation import Conversation, Entry, Tail
from guichet_chat.log.known import Known
from guichet_chat.sockets.connection import Connection
from guichet_chat.sockets.frames import encode, entry_frame
from guichet_chat.sockets.hub import Hub

SHOWN = "socket entry"
"""The span in which an entry is handed to the sockets that show its conversation."""

WHILE_CUT_SECONDS = 2.0
"""While replicas do not hear each other, they look for each other's entries in the log this often."""

LOOK_SECONDS = 30.0
"""While they do, they look all the same: nobody knows what was not heard."""

log = get_logger(__name__)


class Lines(Protocol):
    """What is needed of the broker's live edge."""

    @property
    def connected(self) -> bool:
        """Whether others are heard."""

    def send(self, line: bytes) -> None:
        """Tell the other replicas."""


class Edge:
    """Shows what happens to the sockets of this process, and tells the other replicas."""

    def __init__(self, hub: Hub, lines: Lines, known: Known) -> None:
        self._hub, self._lines, self._known = hub, lines, known
        self._heard: dict[str, Callable[[dict[str, Any], bytes], None]] = {
            "entry": self._on_entry, "sign": self._on_sign, "renamed": self._on_renamed
        }  # fmt: skip
        self._owed = False

    def entry(self, conversation: Conversation, entry: Entry) -> None:
        """A durable entry of this process."""
        frame, visitor_id = entry_frame(entry), conversation.visitor.id
        traced = trace.present_span()
        with trace.timed(SHOWN, traced) if traced else nullcontext():
            self._hub.hint(conversation.id, visitor_id, conversation.opened_at, entry.seq, frame)
        fields = {
            "k": "entry", "c": conversation.id, "v": visitor_id, "s": entry.seq, "o": to_wire(conversation.opened_at),
            "a": to_wire(entry.at), "e": entry.kind,
        }  # fmt: skip
        self._send(fields | ({"t": traced} if traced else {}), frame)

    def sign(self, conversation_id: str, visitor_id: str, frame: str, *, but: Connection | None = None) -> None:
        """A passing sign in a conversation: typing, or a read mark."""
        self._hub.to_conversation(conversation_id, visitor_id, frame, but=but)
        self._send({"k": "sign", "c": conversation_id, "v": visitor_id}, frame)

    def renamed(self, visitor_id: str) -> None:
        """The visitor is called otherwise, or no longer called at all."""
        self._send({"k": "renamed", "v": visitor_id}, "")

    def _send(self, fields: dict[str, Any], frame: str) -> None:
        self._lines.send(orjson.dumps(fields) + b"\t" + frame.encode())

    def hear(self, lines: list[bytes]) -> None:
        """Lines of another replica."""
        for line in lines:
            head, _, frame = line.partition(b"\t")
            fields = orjson.loads(head)
            hear = self._heard.get(fields["k"])
            if hear is not None:  # a newer replica may tell what this one does not know
                hear(fields, frame)

    def _on_entry(self, fields: dict[str, Any], frame: bytes) -> None:
        conversation_id, visitor_id, seq = fields["c"], fields["v"], fields["s"]
        self._known.hear(conversation_id, Tail(seq, datetime.fromisoformat(fields["a"]), fields["e"]))
        if self._hub.shows(conversation_id, visitor_id):
            opened_at = datetime.fromisoformat(fields["o"])
            with trace.timed(SHOWN, fields["t"]) if "t" in fields else nullcontext():
                self._hub.hint(conversation_id, visitor_id, opened_at, seq, frame.decode())

    def _on_sign(self, fields: dict[str, Any], frame: bytes) -> None:
        if self._hub.shows(fields["c"], fields["v"]):
            self._hub.to_conversation(fields["c"], fields["v"], frame.decode())

    def _on_renamed(self, fields: dict[str, Any], _frame: bytes) -> None:
        self._known.forget_visitor(fields["v"])

    # What was not heard

    async def whole_again(self) -> None:
        """The live edge was cut and is whole: what it missed is in the logs, and in the lists of requests.

        Raises one of ``OUTAGES``, and is to be called again then.
        """
        self._known.clear()
        await self._look()
        self._hub.to_agents(encode("refresh"))

    async def keep_looking(self) -> None:
        """Look for ever whether any socket lacks something: seldom, or often while replicas do not hear each other."""
        while True:
            hurry = self._owed or not self._lines.connected
            pause = WHILE_CUT_SECONDS if hurry else LOOK_SECONDS
            limit = asyncio.get_running_loop().time() + pause
            # The edge may be cut while it waits.
            while asyncio.get_running_loop().time() < limit and (hurry or self._lines.connected):  # noqa: ASYNC110
                await asyncio.sleep(0.5)
            try:
                await self._look()
            except OUTAGES as error:
                log.warning("look_failed", error=str(error)[:200])
            except Exception:  # it goes on whatever happens
                log.exception("look_failed")

    async def _look(self) -> None:
        self._owed = True
        await self._hub.look()
        self._owed = False
