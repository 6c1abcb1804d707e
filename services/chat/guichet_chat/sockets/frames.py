"""Frames: what a client may say, checked, and what the server says (contract.md, "The sockets")."""

from typing import Annotated, Any, Generic, Literal, TypeVar

import orjson
from guichet_kit.blank import is_blank
from guichet_kit.clock import to_wire
from guichet_kit.problems import field_errors
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from guichet_chat.conversation import ATTACHMENTS_MAX, TEXT_MAX, Attachment, Author, Entry

FRAME_MAX_BYTES = 64 << 10

ClientId = Annotated[
    str, Field(pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$")
]
ConversationId = Annotated[str, Field(min_length=1, max_length=64)]
Seq = Annotated[int, Field(ge=0, le=2**53)]


class BadFrame(Exception):
    """A frame that is refused. ``ref`` is the frame's ``id``, where it could be read."""

    def __init__(
        self, code: str, detail: str, ref: str | None = None, errors: list[dict[str, str]] | None = None
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.code, self.detail, self.ref, self.errors = code, detail, ref, errors


class _Frame(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class MessagePost(_Frame):
    """A message to append. A visitor need not name the conversation."""

    type: Literal["message.post"]
    id: ClientId
    text: Annotated[str, Field(max_length=TEXT_MAX)] = ""
    receipts: Annotated[list[str], Field(max_length=ATTACHMENTS_MAX)] = []
    conversation_id: ConversationId | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "MessagePost":
        if is_blank(self.text) and not self.receipts:
            raise ValueError(f"text must have 1 to {TEXT_MAX} characters, or the message a file")
        return self


class AgentMessagePost(MessagePost):
    """The same from an agent, who must name the conversation."""

    conversation_id: ConversationId


class Sync(_Frame):
    """Ask for everything after a cursor."""

    type: Literal["sync", "subscribe"]
    conversation_id: ConversationId
    after_seq: Seq


class CustomerSync(Sync):
    """The customer's form of it."""

    type: Literal["sync"]


class Unsubscribe(_Frame):
    """Hear no more of a conversation."""

    type: Literal["unsubscribe"]
    conversation_id: ConversationId


class WatchedView(_Frame):
    """The list that a console shows, as `GET /api/v1/requests` takes it; ``q`` is not looked at here."""

    view: Literal["open", "mine", "unassigned", "closed", "all"] = "all"
    channel: Annotated[str, Field(max_length=32)] | None = None
    status: Annotated[str, Field(max_length=32)] | None = None
    priority: Annotated[str, Field(max_length=32)] | None = None
    reason_id: Annotated[str, Field(max_length=64)] | None = None
    assignee_id: Annotated[str, Field(max_length=64)] | None = None
    contact_id: Annotated[str, Field(max_length=64)] | None = None


class Watch(_Frame):
    """What a console shows: it is told of these requests, of what belongs to its list, and how many others changed.

    ``also``: it is told of what belongs to these lists, too, whatever it shows, since its agent is to hear of that.
    ``bundled``: many requests come in one frame, ``requests``.
    """

    type: Literal["watch"]
    request_ids: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=2000)] = []
    contact_id: Annotated[str, Field(max_length=64)] | None = None
    view: WatchedView | None = None
    also: Annotated[list[Literal["mine", "unassigned"]], Field(max_length=2)] = []
    bundled: bool = False


class CustomerTyping(_Frame):
    """The visitor is writing, or no longer."""

    type: Literal["typing"]
    on: bool


class AgentTyping(CustomerTyping):
    """The agent is writing in a conversation, or no longer."""

    conversation_id: ConversationId


class Read(_Frame):
    """Everything up to ``seq`` was seen."""

    type: Literal["read"]
    conversation_id: ConversationId
    seq: Seq


class Ping(_Frame):
    """A sign of life."""

    type: Literal["ping"]


CustomerFrame = MessagePost | CustomerSync | CustomerTyping | Read | Ping
AgentFrame = AgentMessagePost | Sync | Unsubscribe | AgentTyping | Read | Ping | Watch

Frame = TypeVar("Frame")


class FrameReader(Generic[Frame]):
    """Turns a text frame into one of a socket's frames."""

    def __init__(self, adapter: TypeAdapter[Frame], types: frozenset[str]) -> None:
        self._adapter, self._types = adapter, types

    def read(self, text: str | bytes | None) -> Frame:
        """The frame, or `BadFrame` with the reason."""
        if not isinstance(text, str):
            raise BadFrame("invalid_frame", "Frames are text, one JSON object each.")
        # A character is one to four bytes: most frames need no count.
        if len(text) > FRAME_MAX_BYTES // 4 and len(text.encode(errors="surrogatepass")) > FRAME_MAX_BYTES:
            raise BadFrame("frame_too_large", f"A frame has at most {FRAME_MAX_BYTES} bytes.")
        try:
            raw = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise BadFrame("invalid_json", "The frame is not JSON.") from None
        if not isinstance(raw, dict):
            raise BadFrame("invalid_frame", "A frame is one JSON object.")
        ref = raw.get("id") if isinstance(raw.get("id"), str) else None
        if ref is not None:
            ref = ref[:64]
        kind = raw.get("type")
        if not isinstance(kind, str):
            raise BadFrame(
                "invalid_frame", "type: must be text", ref, [{"field": "type", "message": "must be text"}]
            )  # fmt: skip
        if kind not in self._types:
            raise BadFrame("unknown_type", f"type: must be one of {', '.join(sorted(self._types))}", ref)
        try:
            return self._adapter.validate_python(raw)
        except ValidationError as error:
            errors = [
                item | {"field": item["field"].removeprefix(kind).removeprefix(".") or "text"}
                for item in field_errors(error)
            ]
            detail = "; ".join(f"{item['field']}: {item['message']}" for item in errors[:3])
            raise BadFrame("invalid_frame", detail, ref, errors) from None


def _reader(frame: Any, *types: str) -> FrameReader[Any]:
    return FrameReader(TypeAdapter(Annotated[frame, Field(discriminator="type")]), frozenset(types))


customer_frames: FrameReader[CustomerFrame] = _reader(CustomerFrame, "message.post", "sync", "typing", "read", "ping")
agent_frames: FrameReader[AgentFrame] = _reader(
    AgentFrame, "message.post", "sync", "subscribe", "unsubscribe", "typing", "read", "ping", "watch"
)


def encode(frame_type: str, **fields: Any) -> str:
    """A frame of the server as text."""
    return orjson.dumps({"type": frame_type, **fields}).decode()


def error_frame(error: BadFrame) -> str:
    """``error``"""
    fields: dict[str, Any] = {"ref": error.ref, "code": error.code, "detail": error.detail}
    return encode("error", **fields, **({"errors": error.errors} if error.errors else {}))


def entry_frame(entry: Entry) -> str:
    """``entry``"""
    return encode("entry", **entry_fields(entry))


def entry_fields(entry: Entry) -> dict[str, Any]:
    """An entry as sockets and HTTP show it; its ``id`` is the sender's."""
    fields = {
        "conversation_id": entry.conversation_id,
        "seq": entry.seq,
        "id": entry.client_id,
        "kind": entry.kind,
        "author": author_fields(entry.author),
        "text": entry.text,
        "attachments": [attachment_fields(attachment) for attachment in entry.attachments],
        "at": to_wire(entry.at),
    }
    return fields | ({"request_status": entry.request_status} if entry.kind == "closed" else {})


def author_fields(author: Author) -> dict[str, Any]:
    """An author as clients see them."""
    return {"kind": author.kind, "id": author.id, "name": author.name}


def attachment_fields(attachment: Attachment) -> dict[str, Any]:
    """A file as clients see it."""
    return {
        "id": attachment.id,
        "name": attachment.name,
        "media_type": attachment.media_type,
        "size": attachment.size,
    }
