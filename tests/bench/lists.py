"""Lists, counts, searches and timelines with a large base, at some numbers of clients, beside the bare queries."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from guichet_local.testing.stack import Stack
from guichet_requests.request.request import Assignee
from pymongo import AsyncMongoClient

from .bases import SUBJECTS, fill
from .figures import Figures, ms, quantile, spread
from .http import Client
from .options import Options
from .path import say
from .replay import Profile, again

CLIENTS = (1, 8, 32)
ITEMS = 10
"""Lines of a timeline."""

EACH = 8
"""Agents, each at an address, that a client asks as in turn: the gateway limits by address, services by agent, and what
is measured is neither."""

_LIFETIME = 6 * 3600

DATABASES = ("guichet_requests", "guichet_contacts")

PATHS = {
    "list, all": "/api/v1/requests?view=all&limit=50",
    "list, open": "/api/v1/requests?view=open&limit=50",
    "list, mine by priority": "/api/v1/requests?view=mine&sort=-priority&limit=50",
    "list, unassigned, oldest first": "/api/v1/requests?view=unassigned&sort=created_at&limit=50",
    "list, open e-mails in progress": "/api/v1/requests?view=open&channel=email&status=in_progress&limit=50",
    "list, closed, high": "/api/v1/requests?view=closed&priority=high&limit=50",
    "counts": "/api/v1/requests/counts",
    "search of requests, a common word": "/api/v1/requests?view=all&q=lampe&limit=50",
    "search of requests, two words": "/api/v1/requests?view=all&q=lampe%20martin&limit=50",
    "search of requests, a number": "/api/v1/requests?view=all&q=1000123&limit=50",
    "search of contacts, a common word": "/api/v1/contacts?q=marie",
    "search of contacts, two words": "/api/v1/contacts?q=marie%20durand",
    "search of contacts, an address": "/api/v1/contacts?q=personne123%40example.com",
    "timeline": "/api/v1/requests/bench-request-{}/timeline",
}
"""What is asked for; of a path with a place for a number, another request's each time."""

EXPLAINED = """\
{requests:,} requests with {items} lines each on their timelines, and {requests:,} contacts, asked for through the
gateway for {seconds:.0f} s by clients that ask again as soon as they have their answer, each as {each} agents in
turn. The *bare query* beside it: exactly the commands that MongoDB was sent for that answer (from its profiler), sent
by PyMongo, by as many callers of one process. Milliseconds; *beyond*: how much longer the median answer takes than the
bare query.

| | clients | p50 | p95 | a second | bare p50 | bare p95 | bare a second | beyond | commands |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

Filling took {filling:.0f} s.
"""


async def measure(options: Options, stack: Stack) -> Figures:
    """Fill the base, ask."""
    begun = time.perf_counter()
    agents = [Assignee(f"bench-agent-{n}", f"Agent {n}", "A") for n in range(max(CLIENTS) * EACH)]
    await fill(stack.mongodb_url, range(options.requests), ITEMS, agents)
    filling = time.perf_counter() - begun
    say(f"  {options.requests:,} requests put there in {filling:.0f} s (subjects: {len(SUBJECTS)})")
    seconds = options.seconds(10, 0.5)
    found: Figures = {"requests": options.requests, "filling": filling, "seconds": seconds, "asked": {}}
    issuer = stack.signing.tokens("agents")
    tokens = [issuer.issue(one.id, _LIFETIME, name=one.name, initials=one.initials, role="agent") for one in agents]
    bare: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(stack.mongodb_url, minPoolSize=4)
    profile = Profile(stack.mongodb_url, DATABASES)
    try:
        for name, path in PATHS.items():
            found["asked"][name] = {}
            for clients in CLIENTS:
                opened = [
                    await Client.open(stack.ports["gateway"], tokens[n], f"127.0.3.{1 + n % 250}")
                    for n in range(clients * EACH)
                ]
                askers = [_asker(opened[n::clients], path, n, options.requests) for n in range(clients)]
                await askers[0]()  # once before it counts
                with profile.taken():
                    await askers[0]()
                commands = list(profile.commands)
                ours = await _ask(askers, seconds)
                for client in opened:
                    client.close()
                theirs = await _ask([lambda c=commands: again(bare, c)] * clients, seconds)  # type: ignore[misc]
                row = {"guichet": ours, "bare": theirs, "commands": len(commands)}
                found["asked"][name][str(clients)] = row
                say(f"  {name}, {clients} clients: {_told(ours)}; bare: {_told(theirs)}")
    finally:
        profile.close()
        await bare.close()
    return found


def _asker(turns: list[Client], path: str, number: int, requests: int) -> Callable[[], Awaitable[None]]:
    """Asks for another request each time, as one agent after the other."""
    asked, turn = number, 0

    async def ask() -> None:
        nonlocal asked, turn
        asked, turn = asked + 7919, turn + 1  # a prime, so that no request comes again soon
        status = await turns[turn % len(turns)].get(path.format(asked % requests))
        if status != 200:
            raise RuntimeError(f"{path}: status {status}; this measures nothing")

    return ask


async def _ask(askers: list[Callable[[], Awaitable[None]]], seconds: float) -> Figures:
    """Each asks again and again."""
    times: list[float] = []
    begun = time.perf_counter()

    async def one(ask: Callable[[], Awaitable[None]]) -> None:
        while (before := time.perf_counter()) - begun < seconds:
            await ask()
            times.append(1000 * (time.perf_counter() - before))

    await asyncio.gather(*(one(ask) for ask in askers))
    return {**spread(times), "rate": len(times) / (time.perf_counter() - begun), "p95": quantile(times, 0.95)}


def _told(run: Figures) -> str:
    return f"p50 {run['p50']:.1f} p95 {run['p95']:.1f} ms, {run['rate']:.0f}/s"


def section(found: Figures) -> str:
    """The text of this part."""
    rows = []
    for name, by_clients in found["asked"].items():
        for clients, row in by_clients.items():
            ours, bare = row["guichet"], row["bare"]
            cells = [ms(ours["p50"]), ms(ours["p95"]), f"{ours['rate']:.0f}"]
            cells += [ms(bare["p50"]), ms(bare["p95"]), f"{bare['rate']:.0f}"]
            cells += [ms(ours["p50"] - bare["p50"]), str(row["commands"])]
            rows.append(f"| {name} | {clients} | {' | '.join(cells)} |")
    return EXPLAINED.format(
        requests=found["requests"],
        items=ITEMS,
        each=EACH,
        seconds=found["seconds"],
        filling=found["filling"],
        rows="\n".join(rows),
    )
