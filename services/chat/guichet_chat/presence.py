"""Signs of presence between replicas: who is typing where. Never stored; lost without harm."""

from typing import Literal

from pydantic import BaseModel

TYPING_KEY = "chat.typing"


class TypingAuthor(BaseModel):
    """Who is typing."""

    kind: Literal["visitor", "agent"]
    id: str
    name: str | None = None


class Typing(BaseModel):
    """Somebody is typing, or no longer. ``origin`` is the replica that has already told its own sockets."""

    type: Literal["chat.typing"] = "chat.typing"
    origin: str
    conversation_id: str
    visitor_id: str
    author: TypingAuthor
    on: bool
