"""Forgetting who a visitor was: what is said stays, the person goes.

With ``store.py`` the only file that knows the fields of the documents. Names and addresses are looked for as this
service knows them; what knows them goes last, so that a repeat after a crash still finds the rest. The visitor is
marked first: whoever writes of them at this moment looks for the mark afterwards, and erases again what they wrote.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from guichet_kit.mongo import Collection, Document
from guichet_kit.redact import Redaction, TracedRedaction

from guichet_chat.conversation import Visitor
from guichet_chat.store import Store

_NOBODY: Document = {"name": None, "email": None, "verified": False}


def known_as_somebody(visitors: Iterable[Visitor]) -> dict[str, Visitor]:
    """Those of the visitors who have a name or an address that an erasure could be after."""
    return {visitor.id: visitor for visitor in visitors if visitor.name is not None or visitor.email is not None}


async def erase_again(store: Store, written_of: Mapping[str, Visitor]) -> set[str]:
    """Erase, once more, those visitors who were to be forgotten while something of them was written; who they are."""
    erased = await store.erased_among(written_of)
    for visitor_id in erased:
        await erase_visitor(store, visitor_id, written_of[visitor_id])
    return erased


async def erase_visitor(store: Store, visitor_id: str, *seen_as: Visitor) -> None:
    """Take name and address of the visitor, also those of ``seen_as``, out of their conversations.

    Done again, it changes nothing.
    """
    await store.visitors.update_one({"_id": visitor_id}, {"$set": {"erased": True}})
    traced = TracedRedaction(store.secret, await store.erased_words(visitor_id))
    visitors = await store.visitors.find({"_id": visitor_id}).to_list(None)
    conversations = await store.conversations.find({"visitor.id": visitor_id}).to_list(None)
    people = [*visitors, *(conversation["visitor"] for conversation in conversations)]
    redaction = _Both(
        traced,
        [*(person["name"] for person in people), *(visitor.name for visitor in seen_as)],
        [*(person["email"] for person in people), *(visitor.email for visitor in seen_as)],
    )
    ids = [conversation["_id"] for conversation in conversations]
    async for entry in store.entries.find({"conversation_id": {"$in": ids}}):
        told: Document = {
            "author": _author(entry["author"]),
            "text": redaction.of(entry["text"]),
            "attachments": [{**file, "name": redaction.file_name(file["name"])} for file in entry["attachments"]],
        }
        if any(entry[field] != value for field, value in told.items()):
            await store.entries.update_one({"_id": entry["_id"]}, {"$set": told})
        await _rewrite_outbox(store.entries, entry, redaction)
    for conversation in conversations:
        copy = {f"visitor.{field}": value for field, value in _NOBODY.items()}
        await store.conversations.update_one({"_id": conversation["_id"]}, {"$set": copy})
        # Read again: what was added to it meanwhile was made from the copy of before.
        found = await store.conversations.find_one({"_id": conversation["_id"]})
        await _rewrite_outbox(store.conversations, found or conversation, redaction)
    await store.visitors.update_one({"_id": visitor_id}, {"$set": _NOBODY, "$unset": {"customer_id": ""}})


class _Both(Redaction):
    """By what this service knows of the person, and by what it was told without knowing it."""

    def __init__(self, traced: TracedRedaction, names: Iterable[str | None], addresses: Iterable[str | None]) -> None:
        super().__init__(names, addresses)
        self._traced = traced

    def of(self, text: str) -> str:
        return self._traced.of(super().of(text))


async def _rewrite_outbox(collection: Collection, document: Document, redaction: Redaction) -> None:
    """Its unpublished events without the person: they are still to be told.

    Each in its place and by its id: one that was published meanwhile stays away, one that was added meanwhile stays.
    """
    for waiting in document.get("outbox", ()):
        rewritten = redaction.within(_event(waiting["event"], redaction))
        if rewritten != waiting["event"]:
            await collection.update_one(
                {"_id": document["_id"], "outbox.id": waiting["id"]}, {"$set": {"outbox.$.event": rewritten}}
            )


def _event(event: Document, redaction: Redaction) -> Document:
    data: dict[str, Any] = dict(event["data"])
    if "conversation" in data:
        about = data["conversation"]
        data["conversation"] = {**about, "visitor": {**about["visitor"], **_NOBODY}}
    if "entry" in data:
        entry = data["entry"]
        files = [{**file, "name": redaction.file_name(file["name"])} for file in entry.get("attachments", ())]
        data["entry"] = {**entry, "author": _author(entry["author"]), "attachments": files}
    if "email" in data:
        # A transcript that was not asked for yet: it goes to whoever the request is with by then, which is nobody.
        data |= {"email": None, "by": _author(data["by"])}
    return {**event, "data": data}


def _author(author: Document) -> Document:
    return {**author, "name": None} if author["kind"] == "visitor" else author
