"""What ``chat`` hears: on the live edge, news that sockets of this replica may show; durably, whom to forget."""

from typing import Annotated

from faststream.rabbit import RabbitBroker
from guichet_contracts.chat import ConversationClosed, ConversationRead, MessagePosted
from guichet_contracts.requests import RequestChanged, VisitorsErased
from guichet_contracts.subscriptions import CHAT_ERASURES
from guichet_kit.broker import durable_subscriber, live_subscriber
from pydantic import Field

from guichet_chat.conversation import Attachment, Author, Entry
from guichet_chat.erasure import erase_visitor
from guichet_chat.presence import Typing
from guichet_chat.sockets.frames import encode, entry_frame
from guichet_chat.sockets.hub import Hub
from guichet_chat.sockets.session import read_frame, typing_frame
from guichet_chat.store import Store

News = Annotated[
    MessagePosted | ConversationClosed | ConversationRead | RequestChanged | Typing, Field(discriminator="type")
]


def subscribe(broker: RabbitBroker, hub: Hub, store: Store, replica: str) -> None:
    """Hear the live edge, and the queue ``chat.erasures``."""

    @durable_subscriber(broker, CHAT_ERASURES)
    async def on_erasure(event: VisitorsErased) -> None:
        for visitor_id in event.data.visitor_ids:
            await erase_visitor(store, visitor_id)

    @live_subscriber(broker, "chat")
    async def on_news(news: News) -> None:
        """Each replica hears everything that a socket somewhere may show."""
        match news:
            case MessagePosted():
                about, entry = news.data.conversation, _entry(news)
                hub.hint(about.id, about.visitor.id, about.opened_at, entry.seq, entry_frame(entry))
            case ConversationClosed():
                about = news.data.conversation
                hub.hint(about.id, about.visitor.id, about.opened_at, news.data.closing.seq)
            case ConversationRead():
                data = news.data
                hub.to_conversation(data.conversation_id, None, read_frame(data.conversation_id, data.reader, data.seq))
            case RequestChanged():
                hub.to_agents(encode("request", request=news.data.request.model_dump(mode="json")))
            case Typing():
                if news.origin != replica:
                    hub.to_conversation(news.conversation_id, news.visitor_id, typing_frame(news))


def _entry(news: MessagePosted) -> Entry:
    conversation, message = news.data.conversation, news.data.entry
    author = message.author
    return Entry(
        conversation_id=conversation.id,
        visitor_id=conversation.visitor.id,
        seq=message.seq,
        client_id=message.id,
        kind="message",
        author=Author("agent" if author.kind == "agent" else "visitor", author.id, author.name),
        text=message.text,
        at=message.at,
        attachments=tuple(Attachment(**file.model_dump()) for file in message.attachments),
    )
