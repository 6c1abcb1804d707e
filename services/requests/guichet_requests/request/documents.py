"""A request as a document, there and back."""

from dataclasses import asdict

from guichet_kit.mongo import Document

from guichet_requests.folding import words_of
from guichet_requests.request.conversation import Conversation
from guichet_requests.request.request import Assignee, Contact, Link, Priority, Request, Visitor

_URGENCY: dict[Priority, int] = {"low": 0, "medium": 1, "high": 2}


def to_document(request: Request) -> Document:
    """What is stored of the request beside its id, events and pending items; also what only lists need."""
    document = asdict(request)
    del document["id"]
    return document | {
        "conversations": [
            {**conversation, "heard": [*conversation["heard"]], "unread": [*conversation["unread"]]}
            for conversation in document["conversations"]
        ],
        "current": request.current,
        "automatic": request.automatic,
        "words": words_of(
            request.contact.name if request.contact else None,
            request.visitor.name if request.visitor else None,
            request.subject,
            str(request.number),
        ),
        # Priority, then activity, in one number: a page of that list is one range of an index, too.
        "urgency": _URGENCY[request.priority] * 10**14 + round(request.last_activity_at.timestamp() * 1000),
    }


def from_document(document: Document) -> Request:
    """The stored request."""
    stored = {name: document[name] for name in document if name not in _NOT_OF_THE_NOUN}
    return Request(
        id=document["_id"],
        **stored
        | {
            "visitor": stored["visitor"] and Visitor(**stored["visitor"]),
            "contact": stored["contact"] and Contact(**stored["contact"]),
            "link": stored.get("link") and Link(**stored["link"]),
            "assignee": stored["assignee"] and Assignee(**stored["assignee"]),
            "previewed": stored["previewed"] and tuple(stored["previewed"]),
            "automatic_from": tuple(stored["automatic_from"]) if stored.get("automatic_from") else None,
            # Requests from before there were e-mails have neither.
            "seen_as": tuple(stored["seen_as"]) if stored.get("seen_as") else None,
            "unseen": tuple(tuple(key) for key in stored.get("unseen", ())),
            "conversations": tuple(
                Conversation(**c | {"heard": _spans(c["heard"]), "unread": _spans(c["unread"])})
                for c in stored["conversations"]
            ),
        },
    )


_NOT_OF_THE_NOUN = frozenset({"_id", "outbox", "outbox_lease", "pending", "current", "automatic", "urgency", "words"})


def _spans(stored: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(span) for span in stored)
