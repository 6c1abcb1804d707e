"""All that is known of a visitor here: who they are, and what they said and were told."""

from dataclasses import asdict
from typing import Any

from guichet_kit.clock import to_wire

from guichet_chat.conversation import Entry
from guichet_chat.store import Store

_PAGE = 200


async def whole(store: Store, visitor_id: str) -> dict[str, Any] | None:
    """The visitor with their conversations, each with its log; None where nothing is known of them."""
    visitor = await store.visitor(visitor_id)
    conversations = await store.conversations_of(visitor_id)
    if visitor is None and not conversations:
        return None
    told = []
    for conversation in conversations:
        entries, after = list[dict[str, Any]](), 0
        while page := await store.entries_after(conversation.id, after, _PAGE):
            entries += [_shown(entry) for entry in page]
            after = page[-1].seq
        seen = conversation.visitor
        told.append(
            {
                "id": conversation.id,
                "opened_at": to_wire(conversation.opened_at),
                "state": conversation.state,
                "read": conversation.read,
                "visitor": {"name": seen.name, "email": seen.email, "verified": seen.verified},
                "entries": entries,
            }
        )
    known = visitor or conversations[-1].visitor
    return {
        "id": visitor_id,
        "site": known.site,
        "name": known.name,
        "email": known.email,
        "verified": known.verified,
        "customer_id": known.customer_id,
        "conversations": told,
    }


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "conversation_id": entry.conversation_id,
        "seq": entry.seq,
        "id": entry.client_id,
        "kind": entry.kind,
        "author": asdict(entry.author),
        "text": entry.text,
        "attachments": [asdict(file) for file in entry.attachments],
        "at": to_wire(entry.at),
        "request_status": entry.request_status,
    }
