"""What both kinds of socket share: the handshake, the loop, and errors that leave the socket open."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import WebSocket
from guichet_kit.broker import LivePublisher, PublishFailed
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
from guichet_chat.presence import TYPING_KEY, Typing, TypingAuthor
from guichet_chat.receipts import BadReceipt, attachments_of
from guichet_chat.sockets.connection import BAD_ORIGIN, BAD_TOKEN, PROTOCOL, TRY_AGAIN, Connection, Gone
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
from guichet_chat.usecases import Appended, Chat

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Live:
    """What the sockets work with."""

    chat: Chat
    hub: Hub
    publisher: LivePublisher
    replica: str
    public_url: str
    receipts: Tokens


async def handshake(socket: WebSocket, tokens: Tokens, live: Live) -> Claims | None:
    """Accept a socket with our subprotocol and a good token; otherwise close it with the code that says why."""
    offered = [part.strip() for part in socket.headers.get("sec-websocket-protocol", "").split(",")]
    # Accepted first in any case: a refusal before that could not carry a close code.
    await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
    if not _same_origin(socket, live.public_url):
        await socket.close(BAD_ORIGIN)
        return None
    token = next((part.removeprefix("bearer.") for part in offered if part.startswith("bearer.")), "")
    try:
        return tokens.verify(token)
    except InvalidToken:
        await socket.close(BAD_TOKEN)
        return None


def _same_origin(socket: WebSocket, public_url: str) -> bool:
    """Only our own pages may open a socket from a browser; a client that is no browser sends no Origin."""
    origin = socket.headers.get("origin")
    return origin is None or origin == public_url or urlsplit(origin).netloc == socket.headers.get("host")


async def converse(
    connection: Connection, reader: FrameReader[Any], handle: Callable[[Any], Awaitable[None]]
) -> None:  # fmt: skip
    """Handle frame after frame. A frame that is refused is answered with an ``error``; the socket stays."""
    async for text in connection.frames():
        try:
            frame = reader.read(text)
        except BadFrame as error:
            connection.offer(error_frame(error))
            continue
        ref = getattr(frame, "id", None)
        try:
            await handle(frame)
        except Gone:
            return
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
            _refuse(connection, ref, "unavailable", "This cannot be done now; send it again in a moment.")


async def closed_as_unavailable(connection: Connection) -> None:
    """End a socket that could not even be greeted; the client comes again."""
    connection.close(TRY_AGAIN)
    async for _ in connection.frames():
        return


class Desk:
    """What a member of a conversation does, whichever side they are on."""

    def __init__(self, live: Live, member: Member, author: Author, reader: Reader) -> None:
        self.live, self.member, self.author, self.reader = live, member, author, reader

    def draft(self, frame: MessagePost, conversation_id: str | None) -> Draft:
        """The frame's message; `BadReceipt` when one of its files is not the author's to send here."""
        files = attachments_of(self.live.receipts, frame.receipts, self.author, conversation_id)
        return Draft(client_id=frame.id, author=self.author, text=frame.text, attachments=files)

    async def accepted(self, done: Appended) -> None:
        """Acknowledge what is durable now, and show it here at once; the other replicas hear it by the broker."""
        entry, conversation = done.entry, done.conversation
        await self.member.connection.send(
            encode(
                "message.accepted",
                id=entry.client_id,
                conversation_id=entry.conversation_id,
                seq=entry.seq,
                at=entry.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            )
        )
        visitor_id, opened_at = conversation.visitor.id, conversation.opened_at
        self.live.hub.hint(entry.conversation_id, visitor_id, opened_at, entry.seq, entry_frame(entry))

    async def replay(self, conversation: Conversation, after_seq: int) -> None:
        """Show everything after the cursor, then the read marks, then ``synced``; what comes later follows live."""
        feed = self.live.hub.follow(self.member, conversation.id, after_seq)
        await feed.rewind(after_seq)
        for reader, seq in conversation.read.items():
            if seq:
                await self.member.connection.send(read_frame(conversation.id, reader, seq))
        last_seq = feed.cursor
        await self.member.connection.send(encode("synced", conversation_id=conversation.id, last_seq=last_seq))

    async def typing(self, conversation: Conversation, on: bool) -> None:
        """Tell the others in the conversation, on this replica and on the rest."""
        sign = Typing(
            origin=self.live.replica,
            conversation_id=conversation.id,
            visitor_id=conversation.visitor.id,
            author=TypingAuthor(kind=self.reader, id=self.author.id, name=self.author.name),
            on=on,
        )
        self.live.hub.to_conversation(
            conversation.id, conversation.visitor.id, typing_frame(sign), but=self.member.connection
        )
        try:
            await self.live.publisher.publish(TYPING_KEY, sign.model_dump(mode="json"))
        except PublishFailed as error:
            log.info("typing_not_shared", error=str(error)[:200])

    async def read(self, conversation: Conversation, seq: int) -> None:
        """Move this side's read mark."""
        if await self.live.chat.mark_read(conversation.id, self.reader, seq):
            frame = read_frame(conversation.id, self.reader, seq)
            self.live.hub.to_conversation(conversation.id, conversation.visitor.id, frame, but=self.member.connection)


def read_frame(conversation_id: str, reader: Reader, seq: int) -> str:
    """``read``"""
    return encode("read", conversation_id=conversation_id, reader=reader, seq=seq)


def typing_frame(sign: Typing) -> str:
    """``typing``"""
    author = author_fields(Author(sign.author.kind, sign.author.id, sign.author.name))
    return encode("typing", conversation_id=sign.conversation_id, author=author, on=sign.on)


def _refuse(connection: Connection, ref: str | None, code: str, detail: str) -> None:
    connection.offer(error_frame(BadFrame(code, detail, ref)))
