"""Events of ``requests``."""

from typing import Literal

from guichet_contracts.chat import RequestStatus
from guichet_contracts.event import Event, Model, Time

Channel = Literal["chat", "email", "web_form", "manual"]
Priority = Literal["low", "medium", "high"]


class ContactCopy(Model):
    """What a list shows of a contact."""

    id: str
    name: str
    email: str | None = None


class Assignee(Model):
    """The agent who treats the request."""

    id: str
    name: str
    initials: str


class ConversationCopy(Model):
    """The request's current conversation. ``last_seq`` of its log, as far as ``requests`` knows."""

    id: str
    state: Literal["open", "closed"]
    last_seq: int


class VisitorCopy(Model):
    """What the visitor said of themselves."""

    id: str
    name: str | None = None
    email: str | None = None


class Request(Model):
    """The request as lists and headers show it; a greater ``version`` is newer."""

    id: str
    number: int
    channel: Channel
    status: RequestStatus
    priority: Priority
    reason_id: str | None = None
    subject: str | None = None
    preview: str | None = None
    contact: ContactCopy | None = None
    visitor: VisitorCopy | None = None
    assignee: Assignee | None = None
    conversation: ConversationCopy | None = None
    unread: int = 0
    last_activity_at: Time
    created_at: Time
    closed_at: Time | None = None
    version: int


class RequestChangedData(Model):
    request: Request


class RequestChanged(Event[RequestChangedData]):
    """Something changed that a list or a header shows."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.request.changed.v1"] = "requests.request.changed.v1"
