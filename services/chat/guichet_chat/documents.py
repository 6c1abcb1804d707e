"""Visitors, conversations and entries as MongoDB's documents. Only the stores beside it know their fields, too."""

from dataclasses import dataclass

from guichet_kit.mongo import Document

from guichet_chat.conversation import Attachment, Author, Conversation, Entry, Predecessor, Visitor


@dataclass(frozen=True, slots=True)
class Place:
    """Which process wrote an entry, and which of its entries it is: what the log's outbox goes by."""

    writer: str
    number: int


def visitor_copy(visitor: Visitor) -> Document:
    """What a conversation keeps of its visitor."""
    return {
        "id": visitor.id,
        "site": visitor.site,
        "name": visitor.name,
        "email": visitor.email,
        "verified": visitor.verified,
    }


def visitor_of(found: Document | None) -> Visitor | None:
    """The visitor that a document holds, or None where none was found."""
    if found is None:
        return None
    return Visitor(
        id=found["_id"],
        site=found["site"],
        name=found["name"],
        email=found["email"],
        # Visitors of before sites could say who they are have neither.
        verified=found.get("verified", False),
        customer_id=found.get("customer_id"),
        erased=found.get("erased", False),
    )


def author_document(author: Author) -> Document:
    """An author within a document."""
    return {"kind": author.kind, "id": author.id, "name": author.name}


def entry_document(entry: Entry, place: Place) -> Document:
    """An entry, and who wrote it."""
    return {
        "_id": f"{entry.conversation_id}:{entry.seq}",
        "conversation_id": entry.conversation_id,
        "visitor_id": entry.visitor_id,
        "seq": entry.seq,
        "client_id": entry.client_id,
        "kind": entry.kind,
        "author": author_document(entry.author),
        "text": entry.text,
        "at": entry.at,
        "attachments": [
            {"id": a.id, "name": a.name, "media_type": a.media_type, "size": a.size} for a in entry.attachments
        ],
        "request_status": entry.request_status,
        "writer": place.writer,
        "n": place.number,
    }


def entry_of(found: Document) -> Entry:
    """The entry that a document holds."""
    return Entry(
        conversation_id=found["conversation_id"],
        visitor_id=found["visitor_id"],
        seq=found["seq"],
        client_id=found["client_id"],
        kind=found["kind"],
        author=Author(**found["author"]),
        text=found["text"],
        at=found["at"],
        attachments=tuple(Attachment(**a) for a in found["attachments"]),
        request_status=found["request_status"],
    )


def entry_or_none(found: Document | None) -> Entry | None:
    """The same, or None where none was found."""
    return None if found is None else entry_of(found)


def conversation_document(conversation: Conversation) -> Document:
    """A conversation, without the events that it causes."""
    before = conversation.follows
    return {
        "_id": conversation.id,
        "visitor": visitor_copy(conversation.visitor),
        "state": conversation.state,
        "opened_at": conversation.opened_at,
        "follows": before
        and {
            "conversation_id": before.conversation_id,
            "seq": before.seq,
            "at": before.at,
            "by": author_document(before.by),
            "request_status": before.request_status,
        },
        "read": dict(conversation.read),
    }


def conversation_of(found: Document) -> Conversation:
    """The conversation that a document holds."""
    before = found["follows"]
    return Conversation(
        id=found["_id"],
        visitor=Visitor(**found["visitor"]),
        opened_at=found["opened_at"],
        state=found["state"],
        follows=before and Predecessor(**{**before, "by": Author(**before["by"])}),
        read=found["read"],
    )


def conversation_or_none(found: Document | None) -> Conversation | None:
    """The same, or None where none was found."""
    return None if found is None else conversation_of(found)
