"""Search and list use an index, also where there are 100,000 contacts."""

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from guichet_contacts.contact.contact import Contact, Details
from guichet_contacts.contact.documents import to_document
from guichet_contacts.contact.folding import query_words
from guichet_contacts.contact.store import ContactStore, page_filter
from guichet_kit.clock import now
from guichet_kit.mongo import Database, aggregate, explain, open_client

KINDS, COPIES = 500, 200
FIRST_NAMES = ("Marie", "Élodie", "Jean", "Zoé", "Mathis", "Œdipe", "Ada", "Noémie", "Ulysse", "Inès")
LAST_NAMES = ("Martin", "Durand", "Lovelace", "Œuvre", "Château", "Petit", "Lefèvre", "Nguyễn", "Dubois", "Groß")

# Each kind of contact is made many times by the server itself, with a number of its own in all that must differ.
_MULTIPLY: list[dict[str, Any]] = [
    {"$set": {"copy": {"$range": [0, COPIES]}}},
    {"$unwind": "$copy"},
    {"$set": {"number": {"$toString": {"$add": [10_000_000, {"$multiply": [{"$toInt": "$_id"}, COPIES]}, "$copy"]}}}},
    {
        "$set": {
            "_id": "$number",
            "sort": {"$concat": ["$sort", "$number"]},
            "email_keys": [{"$concat": ["person", "$number", "@example.com"]}],
            "words": {
                "$concatArrays": [
                    "$words",
                    ["example", "com", {"$concat": ["person", "$number"]}, {"$concat": ["06", "$number"]}],
                ]
            },
            "prefixes": {
                "$concatArrays": [
                    "$prefixes",
                    ["e", "ex", "exa", "c", "co", "com", "p", "pe", "per", "0", "06", "061"],
                ]
            },
        }
    },
    {"$out": "contacts"},
]


def _kind(i: int) -> Contact:
    moment = now()
    details = Details(FIRST_NAMES[i % 10], LAST_NAMES[i // 10 % 10], company=f"Company {i}")
    return Contact(str(i), moment, moment, details)


@pytest.fixture(scope="module")
async def many(mongodb_url: str) -> AsyncIterator[Database]:
    """A database with 100,000 contacts, made once."""
    client = open_client(mongodb_url, "pymongo", "tests")
    database = client.database(f"test_{os.urandom(6).hex()}")
    await database["kinds"].insert_many([to_document(_kind(i)) for i in range(KINDS)])
    await aggregate(database["kinds"], _MULTIPLY)
    await ContactStore(database, relay=None, secret=b"").ensure_indexes()  # type: ignore[arg-type]  # it writes nothing
    yield database
    await database.client.drop_database(database.name)
    await client.close()


def _stages(plan: Any) -> set[str]:
    """The names of all stages of a plan."""
    if isinstance(plan, dict):
        own = {plan["stage"]} if isinstance(plan.get("stage"), str) else set()
        return own.union(*(_stages(part) for part in plan.values()))
    return set[str]().union(*(_stages(part) for part in plan)) if isinstance(plan, list) else set()


class TestIndexes:
    async def test_there_are_as_many_as_is_said(self, many: Database) -> None:
        assert await many["contacts"].count_documents({}) == 100_000

    # How many documents may be read for a page of 50.
    @pytest.mark.parametrize(
        ("query", "at_most"),
        [
            ("", 51), ("m", 51), ("ma", 51), ("mar", 51), ("person", 51), ("example.com", 51), ("06", 51), ("co", 51),
            ("06 10 01 23 45", 1), ("person10077777", 1), ("PERSON10077777@example.com", 1), ("marie 0610012345", 1),
            ("nobodyatall", 0), ("company 499", 400), ("oeuvre el", 1_200), ("marie martin", 20_000),
        ],
    )  # fmt: skip
    async def test_a_page_is_read_from_an_index(self, many: Database, query: str, at_most: int) -> None:
        for after in (None, "m"):
            command = {
                "find": "contacts", "filter": page_filter(query_words(query), after), "sort": {"sort": 1}, "limit": 51
            }  # fmt: skip
            found = await explain(many, command)
            stages = _stages(found["queryPlanner"]["winningPlan"])
            assert "IXSCAN" in stages
            assert "COLLSCAN" not in stages
            assert found["executionStats"]["totalDocsExamined"] <= at_most

    async def test_the_holder_of_an_address_is_found_in_an_index(self, many: Database) -> None:
        command = {"find": "contacts", "filter": {"email_keys": "person10077777@example.com"}, "limit": 1}
        found = await explain(many, command)
        assert found["executionStats"]["totalDocsExamined"] == 1
