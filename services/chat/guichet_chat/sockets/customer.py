"""``WS /chat/v1/socket``: the customers' side."""

from functools import partial
from typing import Protocol

from guichet_kit.mongo import OUTAGES
from guichet_kit.tokens import Tokens

from guichet_chat.conversation import (
    Author,
    Conversation,
    Entry,
    NoSuchConversation,
    Reader,
    Visitor,
    VisitorErased,
)
from guichet_chat.sockets.connection import BAD_TOKEN, TOO_MUCH, TRY_AGAIN, Connection, Receive, Send
from guichet_chat.sockets.frames import (
    CustomerFrame,
    CustomerSync,
    CustomerTyping,
    MessagePost,
    Ping,
    Read,
    customer_frames,
    encode,
)
from guichet_chat.sockets.hub import Hub, Member
from guichet_chat.sockets.session import Desk, Live, Scope, converse, handshake
from guichet_chat.visitor_token import told_by


async def serve_customer(scope: Scope, receive: Receive, send: Send, tokens: Tokens, live: Live) -> None:
    """Serve one customer's socket until it ends."""
    claims = await handshake(scope, receive, send, tokens, live)
    if claims is None:
        return
    visitor_id = claims.subject
    if not live.bounds.may_say(visitor_id):
        await send({"type": "websocket.close", "code": TOO_MUCH, "reason": ""})
        return
    connection = Connection(receive, send, "customer", claims.expires_at, partial(live.bounds.may_say, visitor_id))
    member = Member(connection, visitor_id)
    # In the hub before the log is looked at, so that nothing can happen unseen in between.
    live.hub.join(member)
    try:
        with live.bounds.kept(visitor_id, connection):
            try:
                await greet(live.chat, live.hub, member, visitor_id)
            except VisitorErased:
                connection.close(BAD_TOKEN)
                await connection.ended()
                return
            except OUTAGES:
                connection.close(TRY_AGAIN)  # it could not even be greeted; the client comes again
                await connection.ended()
                return
            visitor = told_by(claims)
            author = Author("visitor", visitor_id, visitor.name)
            customer = _Customer(live, member, author, "visitor", visitor)
            await converse(connection, customer_frames, customer.handle)
    finally:
        live.hub.leave(member)


class Latest(Protocol):
    """What a greeting asks for."""

    async def latest_conversation(self, visitor_id: str) -> tuple[Conversation, Entry | None] | None:
        """The visitor's last opened conversation and the last entry of its log."""


async def greet(logs: Latest, hub: Hub, member: Member, visitor_id: str) -> None:
    """Tell the customer, who is in the hub already, where their conversation stands; then show what comes.

    Raises `VisitorErased`, or one of ``OUTAGES``.
    """
    latest = await logs.latest_conversation(visitor_id)
    greeting = None
    if latest is not None:
        conversation, tail = latest
        last_seq = tail.seq if tail else 0
        state = "closed" if tail is not None and tail.kind == "closed" else "open"
        greeting = {"id": conversation.id, "state": state, "last_seq": last_seq}
        member.newest_opened_at = conversation.opened_at
        hub.follow(member, conversation.id, last_seq)
    member.connection.offer(encode("ready", visitor_id=visitor_id, conversation=greeting))
    hub.greeted(member)


class _Customer(Desk):
    def __init__(self, live: Live, member: Member, author: Author, reader: Reader, told: Visitor) -> None:
        super().__init__(live, member, author, reader)
        self._told = told

    async def handle(self, frame: CustomerFrame) -> None:
        match frame:
            case Ping():
                self.member.connection.offer(encode("pong"))
            case MessagePost():
                await self._post(frame)
            case CustomerSync():
                conversation = await self.live.chat.conversation(frame.conversation_id, self.author.id)
                await self.replay(conversation, frame.after_seq)
            case CustomerTyping():
                await self._typing(frame.on)
            case Read():
                conversation = await self.live.chat.writing_in(frame.conversation_id, self.author.id)
                await self.read(conversation, frame.seq)

    async def _post(self, frame: MessagePost) -> None:
        chat, visitor_id = self.live.chat, self.author.id
        draft = self.draft(frame, frame.conversation_id)
        if frame.conversation_id is None:
            await self.accepted(await chat.post_visitor_message(visitor_id, draft, self._told))
        else:
            conversation = await chat.writing_in(frame.conversation_id, visitor_id)
            await self.accepted(await chat.post_message(conversation, draft))

    async def _typing(self, on: bool) -> None:
        conversation = await self.live.chat.newest_conversation(self.author.id)
        if conversation is None:
            raise NoSuchConversation
        self.typing(conversation, on)
