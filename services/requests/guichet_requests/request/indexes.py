"""The indexes of the collection ``requests``, and what each list is sorted by."""

from guichet_kit.mongo import ASCENDING, DESCENDING, Collation, IndexModel
from guichet_kit.outbox import OUTBOX_INDEX

SORTS: dict[str, tuple[str, str, int]] = {
    "-last_activity_at": ("activity", "last_activity_at", DESCENDING),
    "created_at": ("created", "created_at", ASCENDING),
    "-priority": ("activity", "last_activity_at", DESCENDING),
}
"""Of each sorting of a list: its name in indexes, its field, its direction.

Priorities are three: a list by priority is three lists by activity, one after the other.
"""

ANY_CASE = Collation(locale="en", strength=2)
"""Compares without regard to case."""

GONE = frozenset({"contact", "team_by_urgency", "holder_by_urgency", "reason_by_urgency"})
"""Indexes of earlier versions, which every message would still pay for."""

# What a list is narrowed to first, and what its index has at the end, to be looked at without the document.
_OWNERS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("team", (), ()),
    ("holder", ("assignee.id",), ("reason_id",)),
    ("reason", ("reason_id",), ()),
)
# Every message moves its request in each index that holds ``last_activity_at``: these are three, and no other.
# Each list is one range, or a merge of a few ranges, of one of these: statuses, channels and priorities are few, so a
# list that lets several through reads each one's range in order and merges them (SORT_MERGE), without sorting.
_LISTS = [
    IndexModel(
        [
            *((field, ASCENDING) for field in (*begin, "status", "channel", "priority")),
            (sorted_by, direction),
            ("_id", direction),
            *((field, ASCENDING) for field in end),
        ],
        name=f"{owner}_by_{name}",
    )
    for name, sorted_by, direction in sorted({*SORTS.values()})
    for owner, begin, end in _OWNERS
]
INDEXES = [
    OUTBOX_INDEX,
    IndexModel("number", name="number", unique=True),
    IndexModel(
        "conversations.id",
        name="conversation",
        unique=True,
        partialFilterExpression={"conversations.id": {"$exists": True}},
    ),
    # What a visitor writes next has one place to go to.
    IndexModel(
        "visitor.id",
        name="current_of_visitor",
        unique=True,
        partialFilterExpression={"channel": "chat", "current": True},
    ),
    IndexModel([("visitor.id", ASCENDING), ("link.at", DESCENDING)], name="links_of_visitor"),
    IndexModel(
        [("link.contact_id", ASCENDING), ("_id", ASCENDING)],
        name="links_to_contact",
        partialFilterExpression={"link.contact_id": {"$gt": ""}},
    ),
    # One person's requests, or those with a rare word, are few: they are read in whatever order, then sorted.
    IndexModel("contact.id", name="of_contact", partialFilterExpression={"contact.id": {"$gt": ""}}),
    IndexModel("words", name="words"),
    IndexModel(
        "visitor.email",
        name="claimed_email",
        partialFilterExpression={"visitor.email": {"$gt": ""}},
        collation=ANY_CASE,
    ),
    IndexModel("awaits", name="awaits", partialFilterExpression={"awaits": {"$gt": ""}}),
    IndexModel("untold", name="untold", partialFilterExpression={"untold": {"$exists": True}}),
    IndexModel([("holed", ASCENDING), ("_id", ASCENDING)], name="holed", partialFilterExpression={"holed": True}),
    # Requests with nothing but automatic mail are few beside the others: those of a status are read, then sorted.
    IndexModel(
        [("status", ASCENDING), ("_id", ASCENDING)], name="automatic", partialFilterExpression={"automatic": True}
    ),
    *_LISTS,
]
