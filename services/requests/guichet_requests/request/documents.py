"""A request as a document, there and back."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from guichet_kit.mongo import Document

from guichet_requests.folding import words_of
from guichet_requests.request.conversation import Conversation
from guichet_requests.request.request import Assignee, Contact, Link, Request, Visitor
from guichet_requests.request.spans import Spans
from guichet_requests.request.turn import Turn
from guichet_requests.timeline.item import Party


def to_document(request: Request) -> Document:
    """What is stored of the request beside its id, events, marks and pending items; also what only lists need."""
    return {
        **{name: _stored(name, getattr(request, name)) for name in _FIELDS},
        "current": request.current,
        "automatic": request.automatic,
        "holed": _holed(request),
        "words": _words(request),
    }


def difference(before: Request, after: Request) -> Document:
    """What of `to_document` is another after the change. Each field less spares its indexes a look."""
    changed = [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
    document = {name: _stored(name, getattr(after, name)) for name in changed}
    if before.current != after.current:
        document["current"] = after.current
    if before.automatic != after.automatic:
        document["automatic"] = after.automatic
    if _holed(before) != _holed(after):
        document["holed"] = _holed(after)
    if not _FOUND_BY.isdisjoint(changed):
        document["words"] = _words(after)
    return document


def from_document(document: Document) -> Request:
    """The stored request."""
    stored = {name: document[name] for name in _FIELDS if name in document}
    return Request(
        id=document["_id"],
        **stored
        | {
            "visitor": stored["visitor"] and Visitor(**stored["visitor"]),
            "contact": stored["contact"] and Contact(**stored["contact"]),
            "link": stored.get("link") and Link(**stored["link"]),
            "assignee": stored["assignee"] and Assignee(**stored["assignee"]),
            "previewed": stored["previewed"] and tuple(stored["previewed"]),
            # Requests from before it was told whose turn it is have neither.
            "preview_by": Party(**stored["preview_by"]) if stored.get("preview_by") else None,
            "turn": _turn_of(stored.get("turn")),
            "automatic_from": tuple(stored["automatic_from"]) if stored.get("automatic_from") else None,
            # Requests from before there were e-mails have neither.
            "seen_as": tuple(stored["seen_as"]) if stored.get("seen_as") else None,
            "unseen": tuple(tuple(key) for key in stored.get("unseen", ())),
            "conversations": tuple(map(conversation_of, stored["conversations"])),
        },
    )


def conversation_of(stored: Document) -> Conversation:
    """One of the request's conversations."""
    return Conversation(**stored | {"heard": _spans(stored["heard"]), "unread": _spans(stored["unread"])})


_FIELDS = tuple(field.name for field in fields(Request) if field.name != "id")
_FOUND_BY = frozenset({"contact", "visitor", "subject", "number"})


def _holed(request: Request) -> bool:
    """Whether entries are missing before others that were heard of."""
    return any(conversation.missing() for conversation in request.conversations)


def _words(request: Request) -> list[str]:
    return words_of(
        request.contact.name if request.contact else None,
        request.visitor.name if request.visitor else None,
        request.subject,
        str(request.number),
    )


def _flat(value: Any) -> Document:
    # Not ``dataclasses.asdict``: it copies deeply, which was half of what a message cost here.
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _conversation(conversation: Conversation) -> Document:
    return _flat(conversation) | {"heard": [*conversation.heard], "unread": [*conversation.unread]}


_AS: Mapping[str, Callable[[Any], Any]] = {
    "visitor": _flat,
    "contact": _flat,
    "link": _flat,
    "assignee": _flat,
    "previewed": list,
    "preview_by": _flat,
    "turn": lambda turn: {"answered": turn.answered and [*turn.answered], "asked": [[*key] for key in turn.asked]},
    "automatic_from": list,
    "seen_as": list,
    "unseen": lambda keys: [[*key] for key in keys],
    "conversations": lambda conversations: [_conversation(one) for one in conversations],
}


def _stored(name: str, value: Any) -> Any:
    return value if value is None or name not in _AS else _AS[name](value)


def _turn_of(stored: Document | None) -> Turn:
    if stored is None:
        return Turn()
    answered = stored["answered"]
    return Turn(tuple(answered) if answered else None, tuple(tuple(key) for key in stored["asked"]))


def _spans(stored: list[list[int]]) -> Spans:
    return tuple((first, last) for first, last in stored)
