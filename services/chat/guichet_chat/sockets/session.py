"""What both kinds of socket share: the handshake, the loop, and errors that leave the socket open."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from guichet_kit import trace
from guichet_kit.clock import to_wire
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES
from guichet_kit.tokens import Claims, InvalidToken, Tokens

from guichet_chat.conversation import (
    Author,
    Conversation,
    ConversationClosed,
    Draft,
    IdTaken,
    NoSuchConversation,
    Reader,
)
from guichet_chat.log.appending import Appended
from guichet_chat.receipts import BadReceipt, attachments_of
from guichet_chat.sockets.connection import BAD_ORIGIN, BAD_TOKEN, PROTOCOL, Connection, Receive, Send, Text
from guichet_chat.sockets.edge import Edge
from guichet_chat.sockets.frames import (
    BadFrame,
    FrameReader,
    MessagePost,
    author_fields,
    encode,
    entry_frame,
    error_frame,
)
from guichet_chat.sockets.hub import Hub, Member
from guichet_chat.sockets.news import RequestNews
from guichet_chat.sockets.signed_in import SignedIn
from guichet_chat.usecases import Chat

log = get_logger(__name__)

Scope = MutableMapping[str, Any]

GIVEN_UP_SECONDS = 30.0
"""A message that was refused as ``unavailable`` and did not come again for so long holds up no other."""

_AGAIN = "This cannot be done now; send it again in a moment."


@dataclass(frozen=True, slots=True)
class Live:
    """What the sockets work with."""

    chat: Chat
    hub: Hub
    edge: Edge
    news: RequestNews
    public_url: str
    receipts: Tokens
    signed_in: SignedIn


async def handshake(scope: Scope, receive: Receive, send: Send, tokens: Tokens, live: Live) -> Claims | None:
    """Accept a socket with our subprotocol and a good token; otherwise close it with the code that says why."""
    await receive()  # its wish to connect
    offered: list[str] = scope["subprotocols"]
    # Accepted first in any case: a refusal before that could not carry a close code.
    await send({"type": "websocket.accept", "subprotocol": PROTOCOL if PROTOCOL in offered else None, "headers": []})
    if not _same_origin(scope, live.public_url):
        await send({"type": "websocket.close", "code": BAD_ORIGIN, "reason": ""})
        return None
    token = next((part.removeprefix("bearer.") for part in offered if part.startswith("bearer.")), "")
    try:
        return tokens.verify(token)
    except InvalidToken:
        await send({"type": "websocket.close", "code": BAD_TOKEN, "reason": ""})
        return None


def _same_origin(scope: Scope, public_url: str) -> bool:
    """Only our own pages may open a socket from a browser; a client that is no browser sends no Origin."""
    named = {name: value for name, value in scope["headers"] if name in (b"origin", b"host")}
    if b"origin" not in named:
        return True
    origin: str = named[b"origin"].decode("latin-1")
    return origin == public_url or urlsplit(origin).netloc == named.get(b"host", b"").decode("latin-1")


class _Order:
    """What one sender wrote in an order stands in that order: no message overtakes one that could not be written.

    Those behind it in the same conversation are refused like it, until it comes again or its sender has given it up.
    """

    def __init__(self) -> None:
        self._held: dict[str | None, tuple[str, float]] = {}

    def allows(self, post: MessagePost) -> bool:
        """Whether it is its turn; from then on it is whoever's that comes next."""
        client_id, until = self._held.get(post.conversation_id, (post.id, 0.0))
        allowed = client_id == post.id or time.monotonic() > until
        if allowed:
            self._held.pop(post.conversation_id, None)
        return allowed

    def hold(self, post: MessagePost) -> None:
        """It could not be written."""
        self._held[post.conversation_id] = (post.id, time.monotonic() + GIVEN_UP_SECONDS)


async def converse(
    connection: Connection, reader: FrameReader[Any], handle: Callable[[Any], Awaitable[None]]
) -> None:  # fmt: skip
    """Handle frame after frame. A frame that is refused is answered with an ``error``; the socket stays."""
    order = _Order()

    async def one(text: Text) -> None:
        try:
            frame = reader.read(text)
        except BadFrame as error:
            connection.offer(error_frame(error))
            return
        ref = getattr(frame, "id", None)
        trace.correlation_id.set(ref)
        if isinstance(frame, MessagePost) and not order.allows(frame):
            _refuse(connection, ref, "unavailable", _AGAIN)
            return
        try:
            # A trace of its own: the socket's may go on for hours.
            with trace.timed("socket message.post", root=True) if isinstance(frame, MessagePost) else nullcontext():
                await handle(frame)
        except BadFrame as error:
            connection.offer(error_frame(error))
        except ConversationClosed:
            _refuse(connection, ref, "conversation_closed", "The conversation is closed; write without naming it.")
        except NoSuchConversation:
            _refuse(connection, ref, "not_found", "There is no such conversation.")
        except IdTaken:
            _refuse(connection, ref, "id_taken", "id: belongs to another message; choose a new one.")
        except BadReceipt as error:
            broken = {"field": f"receipts.{error.index}", "message": "is not valid here, or has expired"}
            detail = f"{broken['field']}: {broken['message']}"
            connection.offer(error_frame(BadFrame("invalid_frame", detail, ref, [broken])))
        except OUTAGES as error:
            log.warning("frame_not_handled", error=str(error)[:200])
            if isinstance(frame, MessagePost):
                order.hold(frame)
            _refuse(connection, ref, "unavailable", _AGAIN)

    await connection.converse(one)


class Desk:
    """What a member of a conversation does, whichever side they are on."""

    def __init__(self, live: Live, member: Member, author: Author, reader: Reader) -> None:
        self.live, self.member, self.author, self.reader = live, member, author, reader

    def draft(self, frame: MessagePost, conversation_id: str | None) -> Draft:
        """The frame's message; `BadReceipt` when one of its files is not the author's to send here."""
        files = attachments_of(self.live.receipts, frame.receipts, self.author, conversation_id)
        return Draft(client_id=frame.id, author=self.author, text=frame.text, attachments=files)

    async def accepted(self, done: Appended) -> None:
        """Acknowledge what is durable now; whoever appends shows it to everybody once this is done."""
        entry, conversation = done.entry, done.conversation
        await self.member.connection.send(
            encode(
                "message.accepted",
                id=entry.client_id,
                conversation_id=entry.conversation_id,
                seq=entry.seq,
                at=to_wire(entry.at),
            )
        )
        if done.repeat:
            # Whoever appended it may have ended before it was shown.
            opened_at = conversation.opened_at
            self.live.hub.hint(conversation.id, conversation.visitor.id, opened_at, entry.seq, entry_frame(entry))

    async def replay(self, conversation: Conversation, after_seq: int) -> None:
        """Show everything after the cursor, then the read marks, then ``synced``; what comes later follows live."""
        feed = self.live.hub.follow(self.member, conversation.id, after_seq)
        await feed.rewind(after_seq)
        for reader, seq in conversation.read.items():
            if seq:
                await self.member.connection.send(read_frame(conversation.id, reader, seq))
        last_seq = feed.cursor
        await self.member.connection.send(encode("synced", conversation_id=conversation.id, last_seq=last_seq))

    def typing(self, conversation: Conversation, on: bool) -> None:
        """Tell the others in the conversation, on this replica and on the rest."""
        author = author_fields(Author(self.reader, self.author.id, self.author.name))
        frame = encode("typing", conversation_id=conversation.id, author=author, on=on)
        self.live.edge.sign(conversation.id, conversation.visitor.id, frame, but=self.member.connection)

    async def read(self, conversation: Conversation, seq: int) -> None:
        """Move this side's read mark."""
        if await self.live.chat.mark_read(conversation.id, self.reader, seq):
            frame = read_frame(conversation.id, self.reader, seq)
            self.live.edge.sign(conversation.id, conversation.visitor.id, frame, but=self.member.connection)


def read_frame(conversation_id: str, reader: Reader, seq: int) -> str:
    """``read``"""
    return encode("read", conversation_id=conversation_id, reader=reader, seq=seq)


def _refuse(connection: Connection, ref: str | None, code: str, detail: str) -> None:
    connection.offer(error_frame(BadFrame(code, detail, ref)))
