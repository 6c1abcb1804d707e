"""``WS /api/v1/live``: the agents' side."""

from guichet_contracts.claims import AgentClaims
from guichet_kit.tokens import Tokens

from guichet_chat.conversation import Author
from guichet_chat.sockets.connection import Connection, Receive, Send
from guichet_chat.sockets.frames import (
    AgentFrame,
    AgentMessagePost,
    AgentTyping,
    Ping,
    Read,
    Sync,
    Unsubscribe,
    Watch,
    agent_frames,
    encode,
)
from guichet_chat.sockets.hub import Member
from guichet_chat.sockets.session import Desk, Live, Scope, converse, handshake


async def serve_agent(scope: Scope, receive: Receive, send: Send, tokens: Tokens, live: Live) -> None:
    """Serve one agent's socket until it ends, or the access token does."""
    claims = await handshake(scope, receive, send, tokens, live)
    if claims is None:
        return
    told = AgentClaims.told_by(claims.subject, claims.extra)
    author = Author("agent", told.id, told.name or None)
    connection = Connection(receive, send, "agent", claims.expires_at)
    member = Member(connection)
    live.hub.join(member)
    live.news.join(connection, author.id)
    try:
        agent = {"id": author.id, "name": author.name, "initials": told.initials, "role": told.role}
        connection.offer(encode("ready", agent=agent))
        with live.signed_in.kept(connection, claims):
            await converse(connection, agent_frames, _Agent(live, member, author, "agent").handle)
    finally:
        live.news.leave(connection)
        live.hub.leave(member)


class _Agent(Desk):
    async def handle(self, frame: AgentFrame) -> None:
        chat = self.live.chat
        match frame:
            case Ping():
                self.member.connection.offer(encode("pong"))
            case Watch():
                self.live.news.watch(self.member.connection, frame)
            case Unsubscribe():
                self.live.hub.unfollow(self.member, frame.conversation_id)
            case AgentMessagePost():
                conversation = await chat.writing_in(frame.conversation_id)
                await self.accepted(await chat.post_message(conversation, self.draft(frame, frame.conversation_id)))
            case Sync():
                await self.replay(await chat.conversation(frame.conversation_id), frame.after_seq)
            case AgentTyping():
                self.typing(await chat.writing_in(frame.conversation_id), frame.on)
            case Read():
                await self.read(await chat.writing_in(frame.conversation_id), frame.seq)
