"""Events of ``chat``. Each is sufficient by itself: a consumer may see them in any order, and more than once."""

from typing import Annotated, Literal

from pydantic import Field

from guichet_contracts.event import Event, Model, Time
from guichet_contracts.forgetting import PersonForgottenData

RequestStatus = Literal["new", "in_progress", "pending", "closed"]
ClosingStatus = Literal["in_progress", "pending", "closed"]


class Author(Model):
    """Who wrote or did it; ``name`` as it was then, null for a visitor who gave none."""

    kind: Literal["visitor", "contact", "agent", "system"]
    id: str
    name: str | None = None


class Visitor(Model):
    """The person behind a widget, as far as they said who they are; ``verified``: their site vouches for it."""

    id: str
    name: str | None = None
    email: str | None = None
    verified: bool = False


class Attachment(Model):
    """A file that a message names. ``size`` in bytes."""

    id: str
    name: str
    media_type: str
    size: int


class Closing(Model):
    """How a conversation ended: its last entry."""

    seq: int
    at: Time
    by: Author
    request_status: ClosingStatus


class Predecessor(Closing):
    """The closing of the visitor's conversation before this one."""

    conversation_id: str


class Conversation(Model):
    """The conversation as it was opened. ``follows`` is the visitor's one before it, if there was one."""

    id: str
    visitor: Visitor
    site: str
    opened_at: Time
    follows: Predecessor | None = None


class Message(Model):
    """One message of the log. ``id`` is the sender's own; ``(conversation, seq)`` is the natural key."""

    seq: int
    id: str
    author: Author
    text: str
    attachments: tuple[Attachment, ...] = ()
    at: Time


class ConversationOpenedData(Model):
    conversation: Conversation


class MessagePostedData(Model):
    conversation: Conversation
    entry: Message


class ConversationClosedData(Model):
    conversation: Conversation
    closing: Closing


class ConversationReadData(Model):
    """``reader`` has seen everything up to ``seq``."""

    conversation_id: str
    reader: Literal["visitor", "agent"]
    seq: int


class TranscriptRequestedData(Model):
    """The conversation up to ``last_seq`` is to be sent by e-mail. ``id``, a UUID, names that e-mail.

    ``email`` is where ``by`` wants it; None is the address of the request's contact, or else of the visitor.
    ``language`` is the visitor's, where it is known.
    """

    id: str
    conversation: Conversation
    last_seq: int
    email: str | None = None
    language: Literal["fr", "en"] | None = None
    by: Author


class Tail(Model):
    """How far the log of a conversation goes."""

    id: str
    last_seq: int


class LogAdvancedData(Model):
    """Conversations that were written in lately."""

    conversations: tuple[Tail, ...]


class ConversationOpened(Event[ConversationOpenedData]):
    """A visitor began a conversation."""

    source: Literal["guichet/chat"] = "guichet/chat"
    type: Literal["chat.conversation.opened.v1"] = "chat.conversation.opened.v1"


class MessagePosted(Event[MessagePostedData]):
    """A message was appended to a conversation's log."""

    source: Literal["guichet/chat"] = "guichet/chat"
    type: Literal["chat.message.posted.v1"] = "chat.message.posted.v1"


class ConversationClosed(Event[ConversationClosedData]):
    """The closing was appended to a conversation's log; nothing can follow it."""

    source: Literal["guichet/chat"] = "guichet/chat"
    type: Literal["chat.conversation.closed.v1"] = "chat.conversation.closed.v1"


class ConversationRead(Event[ConversationReadData]):
    """A read mark moved forward."""

    source: Literal["guichet/chat"] = "guichet/chat"
    type: Literal["chat.conversation.read.v1"] = "chat.conversation.read.v1"


class TranscriptRequested(Event[TranscriptRequestedData]):
    """A visitor or an agent wants the conversation by e-mail."""

    source: Literal["guichet/chat"] = "guichet/chat"
    type: Literal["chat.transcript.requested.v1"] = "chat.transcript.requested.v1"


class LogAdvanced(Event[LogAdvancedData]):
    """How far the logs go: whoever has heard less of one asks for the rest (`requests.entries.wanted.v1`)."""

    source: Literal["guichet/chat"] = "guichet/chat"
    type: Literal["chat.log.advanced.v1"] = "chat.log.advanced.v1"


class PersonForgotten(Event[PersonForgottenData]):
    """A person is forgotten here. It may be told several times of one erasure, which more was found for."""

    source: Literal["guichet/chat"] = "guichet/chat"
    type: Literal["chat.person.forgotten.v1"] = "chat.person.forgotten.v1"


ConversationEvent = Annotated[
    ConversationOpened | MessagePosted | ConversationClosed | ConversationRead | LogAdvanced,
    Field(discriminator="type"),
]
