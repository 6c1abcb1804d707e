"""Pages of requests, and how many each view has: always from an index, and never more than a page needs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from guichet_kit.mongo import ASCENDING, Collection, Document
from guichet_kit.pages import decode_cursor, encode_cursor

from guichet_requests.request.indexes import SORTS
from guichet_requests.request.listing import OPEN, PRIORITIES, Listing
from guichet_requests.request.rows import PROJECTION, row

CountedView = Literal["all", "open", "mine", "unassigned"]

FEW = 5_000
"""Requests that are rather found by a word and sorted than looked for down the list."""

COUNTED = 999
"""A view with more requests than this is said to have more: counting a long one takes as long as it is."""


async def page(
    collection: Collection, listing: Listing, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """The rows of one page of a list, and the cursor of the next. Raises `Invalid` for a bad cursor."""
    after = _position(listing, cursor)
    found: list[Document] = []
    for part in _parts(listing, after):
        found += await _next(collection, part, limit + 1 - len(found), after)
        if len(found) > limit:
            break
        after = None
    last = found[limit - 1] if len(found) > limit else None
    return [row(document) for document in found[:limit]], _cursor(listing, last) if last else None


async def counts(collection: Collection, viewer_id: str) -> dict[CountedView, int]:
    """How many requests each view of ``viewer_id`` has, ``COUNTED + 1`` for more than that; all of *all*.

    That of all is from the collection's own count.
    """
    still_open: Document = {"status": {"$in": OPEN}}
    # Not ``None``: to tell it from what is absent, each document would be read.
    nobody: Document = {"assignee.id": {"$not": {"$gte": ""}}}
    return {
        "all": await collection.estimated_document_count(),
        "open": await _count(collection, still_open, "team_by_activity"),
        "mine": await _count(collection, still_open | {"assignee.id": viewer_id}, "holder_by_activity"),
        "unassigned": await _count(collection, still_open | nobody, "holder_by_activity"),
    }


async def _count(collection: Collection, condition: Document, index: str) -> int:
    return int(await collection.count_documents(condition, hint=index, limit=COUNTED + 1))


_Position = tuple[Any, datetime, str]
"""``(priority, value, id)`` of the last row that was shown; the priority only where the list is by priority."""


def _position(listing: Listing, cursor: str | None) -> _Position | None:
    if cursor is None:
        return None
    if listing.sort != "-priority":
        value, request_id = decode_cursor(cursor, datetime, str)
        return None, value, request_id  # type: ignore[return-value]
    urgency, value, request_id = decode_cursor(cursor, int, datetime, str)
    return max(0, min(int(urgency), 2)), value, request_id  # type: ignore[return-value,arg-type]


def _cursor(listing: Listing, last: Document) -> str:
    _, field, _ = SORTS[listing.sort]
    place = (last[field], last["_id"])
    return encode_cursor((PRIORITIES.index(last["priority"]), *place) if listing.sort == "-priority" else place)


def _parts(listing: Listing, after: _Position | None) -> Sequence[Listing]:
    """The lists that are this one when they stand one after the other; those before the cursor are passed."""
    if listing.holders == () or not listing.statuses:
        return ()
    if listing.sort != "-priority":
        return (listing,)
    passing = reversed(listing.priorities)
    return [
        replace(listing, priority=priority)
        for priority in passing
        if after is None or PRIORITIES.index(priority) <= after[0]
    ]


async def _next(collection: Collection, listing: Listing, limit: int, after: _Position | None) -> list[Document]:
    name, field, direction = SORTS[listing.sort]
    condition = _condition(listing)
    if after is not None and after[0] in (None, *(PRIORITIES.index(one) for one in listing.priorities)):
        beyond, passed = ("$gte", "$lte") if direction == ASCENDING else ("$lte", "$gte")
        # One range of the index; what shares the cursor's value and was shown is left out of it.
        condition |= {field: {beyond: after[1]}, "$nor": [{field: after[1], "_id": {passed: after[2]}}]}
    return (
        await collection.find(condition, PROJECTION)
        .sort([(field, direction), ("_id", direction)])
        .hint(await _index_for(collection, listing, name))
        .limit(limit)
        .to_list(limit)
    )


async def _index_for(collection: Collection, listing: Listing, sort_name: str) -> str:
    if listing.contact_id is not None:
        return "of_contact"
    for word in listing.words:
        if await collection.count_documents(_beginning(word), hint="words", limit=FEW) < FEW:
            return "words"
    if listing.automatic:
        return "automatic"
    owner = "holder" if listing.holders is not None else "reason" if listing.reason_id is not None else "team"
    return f"{owner}_by_{sort_name}"


def _condition(listing: Listing) -> Document:
    condition: Document = {
        "status": _one_of(listing.statuses),
        "channel": _one_of(listing.channels),
        "priority": _one_of(listing.priorities),
    }
    if listing.holders is not None:
        condition["assignee.id"] = _one_of(listing.holders)
    if listing.reason_id is not None:
        condition["reason_id"] = listing.reason_id
    if listing.contact_id is not None:
        condition["contact.id"] = listing.contact_id
    if listing.automatic is not None:
        condition["automatic"] = True if listing.automatic else {"$ne": True}
    if listing.words:
        condition["$and"] = [_beginning(word) for word in listing.words]
    return condition


def _beginning(word: str) -> Document:
    # Words are letters and digits only: nothing in them is special in a regular expression.
    return {"words": {"$regex": f"^{word}"}}


def _one_of(values: tuple[Any, ...]) -> Any:
    return values[0] if len(values) == 1 else {"$in": values}
