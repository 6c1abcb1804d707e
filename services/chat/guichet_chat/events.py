"""Nouns of this service as the events that it publishes."""

from guichet_contracts import chat as contract
from guichet_kit import trace
from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_chat.conversation import Author, Conversation, Entry, Reader, Wanted


def conversation_opened(conversation: Conversation) -> contract.ConversationOpened:
    """``chat.conversation.opened.v1``"""
    data = contract.ConversationOpenedData(conversation=_conversation(conversation))
    return contract.ConversationOpened(**_envelope(conversation.id), data=data)


def entry_appended(conversation: Conversation, entry: Entry) -> contract.MessagePosted | contract.ConversationClosed:
    """``chat.message.posted.v1``, or ``chat.conversation.closed.v1`` for the closing."""
    about = _conversation(conversation)
    if entry.kind == "closed":
        closing = contract.Closing(
            seq=entry.seq, at=entry.at, by=_author(entry.author), request_status=entry.request_status or "closed"
        )
        return contract.ConversationClosed(
            **_envelope(conversation.id), data=contract.ConversationClosedData(conversation=about, closing=closing)
        )
    message = contract.Message(
        seq=entry.seq,
        id=entry.client_id,
        author=_author(entry.author),
        text=entry.text,
        attachments=tuple(
            contract.Attachment(id=a.id, name=a.name, media_type=a.media_type, size=a.size) for a in entry.attachments
        ),
        at=entry.at,
    )
    return contract.MessagePosted(
        **_envelope(conversation.id), data=contract.MessagePostedData(conversation=about, entry=message)
    )


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
