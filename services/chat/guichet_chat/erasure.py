"""Forgetting who a visitor was: what is said stays, the person goes.

With ``store.py`` the only file that knows the fields of the documents. Names and addresses are looked for as this
service knows them; what knows them goes last, so that a repeat after a crash still finds the rest. The visitor is
marked first: whoever writes of them at this moment looks for the mark afterwards, and erases again what they wrote.
"""

from typing import Any

from guichet_kit.mongo import Document
from guichet_kit.redact import Redaction

from guichet_chat.conversation import Visitor
from guichet_chat.store import Store

_NOBODY: Document = {"name": None, "email": None, "verified": False}


async def erase_visitor(store: Store, visitor_id: str, *seen_as: Visitor) -> None:
    """Take name and address of the visitor, also those of ``seen_as``, out of their conversations.

    Done again, it changes nothing.
    """
    await store.visitors.update_one({"_id": visitor_id}, {"$set": {"erased": True}})
    visitors = await store.visitors.find({"_id": visitor_id}).to_list(None)
    conversations = await store.conversations.find({"visitor.id": visitor_id}).to_list(None)
    people = [*visitors, *(conversation["visitor"] for conversation in conversations)]
    redaction = Redaction(
        [*(person["name"] for person in people), *(visitor.name for visitor in seen_as)],
        [*(person["email"] for person in people), *(visitor.email for visitor in seen_as)],
    )
    ids = [conversation["_id"] for conversation in conversations]
    async for entry in store.entries.find({"conversation_id": {"$in": ids}}):
        told: Document = {
            "author": _author(entry["author"]),
            "text": redaction.of(entry["text"]),
            "attachments": [{**file, "name": redaction.of(file["name"])} for file in entry["attachments"]],
        }
        await store.entries.update_one({"_id": entry["_id"]}, {"$set": told | _outbox(entry, redaction)})
    for conversation in conversations:
        copy = {f"visitor.{field}": value for field, value in _NOBODY.items()}
        known = {"_id": conversation["_id"]}
        await store.conversations.update_one(known, {"$set": copy | _outbox(conversation, redaction)})
    await store.visitors.update_one({"_id": visitor_id}, {"$set": _NOBODY, "$unset": {"customer_id": ""}})


def _outbox(document: Document, redaction: Redaction) -> Document:
    """Its unpublished events without the person: they are still to be told. One published meanwhile is told twice."""
    waiting = document["outbox"]
    if not waiting:
        return {}
    return {"outbox": [{**entry, "event": redaction.within(_event(entry["event"]))} for entry in waiting]}


def _event(event: Document) -> Document:
    data: dict[str, Any] = dict(event["data"])
    if "conversation" in data:
        about = data["conversation"]
        data["conversation"] = {**about, "visitor": {**about["visitor"], **_NOBODY}}
    if "entry" in data:
        data["entry"] = {**data["entry"], "author": _author(data["entry"]["author"])}
    if "email" in data:
        # A transcript that was not asked for yet: it goes to whoever the request is with by then, which is nobody.
        data |= {"email": None, "by": _author(data["by"])}
    return {**event, "data": data}


def _author(author: Document) -> Document:
    return {**author, "name": None} if author["kind"] == "visitor" else author
