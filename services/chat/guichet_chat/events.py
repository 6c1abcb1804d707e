"""Nouns of this service as the events that it publishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from guichet_contracts import chat as contract
from guichet_kit import trace
from guichet_kit.clock import now, to_wire
from guichet_kit.ids import new_id

from guichet_chat.conversation import Author, Conversation, Entry, Reader, Wanted

_ENTRIES = UUID("6f0b5c0e-2f0b-5d0c-9a52-6c1f0a3f7b11")
"""The name space of the entries' event ids (RFC 9562, section 5.5)."""


def conversation_opened(conversation: Conversation) -> contract.ConversationOpened:
    """``chat.conversation.opened.v1``"""
    data = contract.ConversationOpenedData(conversation=_conversation(conversation))
    return contract.ConversationOpened(**_envelope(conversation.id), data=data)


@dataclass(frozen=True, slots=True)
class Trace:
    """What an event goes back to, as far as the process that tells it knows."""

    traceparent: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None

    @classmethod
    def current(cls) -> "Trace":
        """That of what is being handled now."""
        return cls(trace.traceparent.get(), trace.correlation_id.get(), trace.causation_id.get())


UNTRACED = Trace()


def entry_event(conversation: Conversation, entry: Entry, traced: Trace = UNTRACED) -> dict[str, Any]:
    """``chat.message.posted.v1``, or ``chat.conversation.closed.v1`` for the closing, in its wire form.

    Its id is always the same for the same entry: who hears it twice can tell. It is written without the contract's
    models, which cost more than the rest of the way together (a test compares).
    """
    closing = entry.kind == "closed"
    event_id = str(uuid5(_ENTRIES, f"{entry.conversation_id}:{entry.seq}"))
    data: dict[str, Any] = {"conversation": _conversation_fields(conversation)}
    if closing:
        data["closing"] = {
            "seq": entry.seq,
            "at": to_wire(entry.at),
            "by": _author_fields(entry.author),
            "request_status": entry.request_status or "closed",
        }
    else:
        data["entry"] = {
            "seq": entry.seq,
            "id": entry.client_id,
            "author": _author_fields(entry.author),
            "text": entry.text,
            "attachments": [
                {"id": file.id, "name": file.name, "media_type": file.media_type, "size": file.size}
                for file in entry.attachments
            ],
            "at": to_wire(entry.at),
        }
    event = {
        "id": event_id,
        "source": "guichet/chat",
        "type": "chat.conversation.closed.v1" if closing else "chat.message.posted.v1",
        "time": to_wire(entry.at),
        "subject": conversation.id,
        "data": data,
        "correlationid": traced.correlation_id or event_id,
        "causationid": traced.causation_id,
    }
    return event | ({"traceparent": traced.traceparent} if traced.traceparent else {})


def log_advanced(tails: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """``chat.log.advanced.v1``, in its wire form"""
    data = contract.LogAdvancedData(
        conversations=tuple(contract.Tail(id=conversation_id, last_seq=seq) for conversation_id, seq in tails)
    )
    return contract.LogAdvanced(**_envelope("log"), data=data).model_dump(mode="json")


def conversation_read(conversation_id: str, reader: Reader, seq: int) -> contract.ConversationRead:
    """``chat.conversation.read.v1``"""
    data = contract.ConversationReadData(conversation_id=conversation_id, reader=reader, seq=seq)
    return contract.ConversationRead(**_envelope(conversation_id), data=data)


def transcript_requested(conversation: Conversation, last_seq: int, wanted: Wanted) -> contract.TranscriptRequested:
    """``chat.transcript.requested.v1``"""
    data = contract.TranscriptRequestedData(
        id=wanted.id,
        conversation=_conversation(conversation),
        last_seq=last_seq,
        email=wanted.email,
        language=wanted.language,
        by=_author(wanted.by),
    )
    return contract.TranscriptRequested(**_envelope(conversation.id), data=data)


def _conversation(conversation: Conversation) -> contract.Conversation:
    before = conversation.follows
    visitor = conversation.visitor
    return contract.Conversation(
        id=conversation.id,
        visitor=contract.Visitor(id=visitor.id, name=visitor.name, email=visitor.email, verified=visitor.verified),
        site=visitor.site,
        opened_at=conversation.opened_at,
        follows=before
        and contract.Predecessor(
            conversation_id=before.conversation_id,
            seq=before.seq,
            at=before.at,
            by=_author(before.by),
            request_status=before.request_status,
        ),
    )


def _conversation_fields(conversation: Conversation) -> dict[str, Any]:
    before, visitor = conversation.follows, conversation.visitor
    return {
        "id": conversation.id,
        "visitor": {"id": visitor.id, "name": visitor.name, "email": visitor.email, "verified": visitor.verified},
        "site": visitor.site,
        "opened_at": to_wire(conversation.opened_at),
        "follows": before
        and {
            "seq": before.seq,
            "at": to_wire(before.at),
            "by": _author_fields(before.by),
            "request_status": before.request_status,
            "conversation_id": before.conversation_id,
        },
    }


def _author_fields(author: Author) -> dict[str, Any]:
    return {"kind": author.kind, "id": author.id, "name": author.name}


def _author(author: Author) -> contract.Author:
    return contract.Author(kind=author.kind, id=author.id, name=author.name)


def _envelope(subject: str) -> dict[str, object]:
    event_id = new_id()
    return {
        "id": event_id,
        "time": now(),
        "subject": subject,
        "correlationid": trace.correlation_id.get() or event_id,
        "causationid": trace.causation_id.get(),
    }
