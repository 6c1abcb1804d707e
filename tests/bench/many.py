"""What lists, counts and searches cost the store with many requests, beside the bare query of the same page.

``python -m tests.bench.many mongodb://… --requests 1000000`` fills a database of its own, asks, and drops it. The
server makes the requests itself out of a few: a million takes minutes, not hours.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from guichet_kit.mongo import Database, Document, aggregate
from guichet_requests.folding import query_words
from guichet_requests.request import documents, lists
from guichet_requests.request.indexes import INDEXES, SORTS
from guichet_requests.request.listing import Listing
from guichet_requests.request.request import Assignee
from pymongo import AsyncMongoClient

from .bases import request

KINDS = 660
"""Requests that are made here: each name, status, channel, priority and holder there is."""

AGENTS = [Assignee(f"agent{n}", f"Agent {n}", "AN") for n in range(20)]
PAGE = 50
ASKED = {
    "all": {"view": "all"},
    "open": {"view": "open"},
    "mine, by priority": {"view": "mine", "sort": "-priority"},
    "unassigned, oldest first": {"view": "unassigned", "sort": "created_at"},
    "open e-mails in progress": {"view": "open", "channel": "email", "status": "in_progress"},
    "closed, high": {"view": "closed", "priority": "high"},
    "search: a common word": {"words": query_words("lampe")},
    "search: a name": {"words": query_words("Élodie")},
    "search: two common words": {"words": query_words("lampe martin")},
    "search: two words that rarely meet": {"words": query_words("rare seldom")},
    "search: a number": {"words": query_words("1000123")},
}


async def fill(database: Database, count: int) -> None:
    """Put so many requests there, then make the indexes."""
    kinds: list[Document] = []
    for kind in range(KINDS):
        one = request(kind, AGENTS)
        kinds.append({"_id": one.id, **documents.to_document(one), "outbox": [], "pending": []})
    await database["kinds"].insert_many(kinds)
    copies = -(-count // KINDS)
    number: Document = {"$add": ["$number", {"$multiply": ["$copy", KINDS]}]}
    at: Document = {"$dateAdd": {"startDate": "$created_at", "unit": "minute", "amount": "$copy"}}
    # Two words in one request of fifty each, and in one of 2,500 together: the hard case for an index of words.
    rare = [
        {"$cond": [{"$mod": ["$copy", 50]}, [], ["rare"]]},
        {"$cond": [{"$mod": [{"$floor": {"$divide": ["$copy", 50]}}, 50]}, [], ["seldom"]]},
    ]
    await aggregate(
        database["kinds"],
        [
            {"$set": {"copy": {"$range": [0, copies]}}},
            {"$unwind": "$copy"},
            {"$set": {"number": number, "at": at}},
            {
                "$set": {
                    "_id": {"$concat": ["bench-", {"$toString": "$number"}]},
                    "created_at": "$at",
                    "last_activity_at": "$at",
                    "words": {"$concatArrays": ["$words", [{"$toString": "$number"}], *rare]},
                }
            },
            {"$unset": ["copy", "at"]},
            {"$out": "requests"},
        ],
    )
    await database["requests"].create_indexes(INDEXES)


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def timed(ask: Callable[[], Awaitable[Any]], times: int) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds."""
    await ask()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        await ask()
        taken.append(1000 * (time.perf_counter() - begun))
    return statistics.median(taken), statistics.quantiles(taken, n=20)[18]


async def measure(url: str, count: int, times: int) -> None:
    """Fill, ask, tell."""
    client: Any = AsyncMongoClient(url, tz_aware=True)  # not the kit's, whose commands may take 20 seconds
    database = client[f"bench_many_{count}"]
    await database.command("dropDatabase")
    begun = time.perf_counter()
    await fill(database, count)
    collection = database["requests"]
    say(f"{await collection.estimated_document_count():,} requests in {time.perf_counter() - begun:.0f} s")
    say("| | p50 | p95 | bare p50 |\n| --- | ---: | ---: | ---: |")
    for name, asked in ASKED.items():
        listing = Listing(viewer_id=AGENTS[1].id, **asked)  # type: ignore[arg-type]

        async def page(listing: Listing = listing) -> None:
            await lists.page(collection, listing, PAGE, None)

        async def bare(listing: Listing = listing) -> None:
            index, field, direction = SORTS[listing.sort]
            owner = "holder" if listing.holders is not None else "team"
            found = collection.find(lists._condition(listing)).sort([(field, direction), ("_id", direction)])
            await found.hint(f"{owner}_by_{index}").limit(PAGE + 1).to_list(PAGE + 1)

        p50, p95 = await timed(page, times)
        told = "" if listing.words else f"{(await timed(bare, times))[0]:.1f}"
        say(f"| {name} | {p50:.1f} | {p95:.1f} | {told} |")
    p50, p95 = await timed(lambda: lists.counts(collection, AGENTS[1].id), times)
    say(f"| counts | {p50:.1f} | {p95:.1f} | |")
    await database.command("dropDatabase")
    await client.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--times", type=int, default=40)
    given = parser.parse_args()
    asyncio.run(measure(given.url, given.requests, given.times))
