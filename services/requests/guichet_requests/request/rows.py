"""A row of a list, from the stored document straight to what JSON shows: a page is read often, and mostly unchanged.

It says what `events.snapshot` says of the same request, which a test holds it to.
"""

from typing import Any

from guichet_kit.clock import to_wire
from guichet_kit.mongo import Document

PROJECTION: Document = dict.fromkeys(
    (
        *("number", "channel", "status", "priority", "reason_id", "subject", "preview", "contact", "visitor"),
        *("assignee", "unseen", "last_activity_at", "created_at", "closed_at", "version", "automatic"),
        *("preview_by", "turn.asked"),
        *(f"conversations.{field}" for field in ("id", "closed_seq", "last_seq", "unread")),
    ),
    True,
)


def row(document: Document) -> dict[str, Any]:
    """The request as lists show it."""
    conversations = document["conversations"]
    current, closed_at = conversations[-1] if conversations else None, document["closed_at"]
    asked = document.get("turn", {}).get("asked") if document["status"] in ("new", "in_progress") else None
    unread = sum(last - first + 1 for one in conversations for first, last in one["unread"])
    return {
        "id": document["_id"],
        "number": document["number"],
        "channel": document["channel"],
        "status": document["status"],
        "priority": document["priority"],
        "reason_id": document["reason_id"],
        "subject": document["subject"],
        "preview": document["preview"],
        "preview_by": document.get("preview_by"),
        "waiting_since": to_wire(asked[0][0]) if asked else None,
        "contact": _person(document["contact"]),
        "visitor": _person(document["visitor"]),
        "assignee": document["assignee"],
        "conversation": current
        and {
            "id": current["id"],
            "state": "open" if current["closed_seq"] is None else "closed",
            "last_seq": current["last_seq"],
        },
        "unread": unread + len(document.get("unseen", ())),
        "automatic": document.get("automatic", False),
        "last_activity_at": to_wire(document["last_activity_at"]),
        "created_at": to_wire(document["created_at"]),
        "closed_at": to_wire(closed_at) if closed_at else None,
        "version": document["version"],
    }


def _person(stored: Document | None) -> dict[str, Any] | None:
    return stored and {"id": stored["id"], "name": stored["name"], "email": stored["email"]}
