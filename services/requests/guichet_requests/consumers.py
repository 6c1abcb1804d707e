"""What ``requests`` hears: the conversations of ``chat``."""

import asyncio
from weakref import WeakValueDictionary

from faststream.rabbit import RabbitBroker
from guichet_contracts import chat as contract
from guichet_contracts.subscriptions import REQUESTS_CONVERSATIONS
from guichet_kit.broker import durable_subscriber

from guichet_requests.request import usecases
from guichet_requests.request.chat import Closing, Message, Opening
from guichet_requests.request.request import Visitor
from guichet_requests.request.store import RequestStore
from guichet_requests.timeline.item import Attachment, Author


def subscribe(broker: RabbitBroker, store: RequestStore) -> None:
    """Hear the queue ``requests.conversations``."""
    # What this process hears of one conversation at once waits here, instead of losing races in the database.
    hearing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @durable_subscriber(broker, REQUESTS_CONVERSATIONS)
    async def on_conversation(event: contract.ConversationEvent) -> None:
        async with hearing.setdefault(event.subject, asyncio.Lock()):
            await take_in(store, event)


async def take_in(store: RequestStore, event: contract.ConversationEvent) -> None:
    """Take in one event, in whatever order and however often it comes."""
    match event:
        case contract.MessagePosted():
            about, message = event.data.conversation, event.data.entry
            await usecases.take_in_entry(store, _opening(about), _message(about, message))
        case contract.ConversationClosed():
            about = event.data.conversation
            await usecases.take_in_entry(store, _opening(about), _closing(about.id, event.data.closing))
        case contract.ConversationRead():
            if event.data.reader == "agent":
                await usecases.mark_read(store, event.data.conversation_id, event.data.seq)
        case contract.ConversationOpened():
            # Each entry tells of its conversation; one without any is no request yet.
            pass


def _opening(about: contract.Conversation) -> Opening:
    visitor = Visitor(about.visitor.id, about.visitor.name, about.visitor.email)
    follows = _closing(about.follows.conversation_id, about.follows) if about.follows else None
    return Opening(about.id, visitor, about.opened_at, follows)


def _message(about: contract.Conversation, message: contract.Message) -> Message:
    files = tuple(Attachment(file.id, file.name, file.media_type, file.size) for file in message.attachments)
    return Message(about.id, message.seq, message.at, _author(message.author), message.text, files)


def _closing(conversation_id: str, closing: contract.Closing) -> Closing:
    return Closing(conversation_id, closing.seq, closing.at, _author(closing.by), closing.request_status)


def _author(author: contract.Author) -> Author:
    return Author(author.kind, author.id, author.name)
