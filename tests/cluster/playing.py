"""One play: people work, replicas are replaced, servers die one after the other; then what is there is compared."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from guichet_local import demo
from guichet_local.cluster import MACHINES
from pymongo import MongoClient

from ..chaos import comparing, other_work
from ..chaos.comparing import Findings, Record
from ..chaos.leftovers import Leftovers
from ..chaos.run import People, prepared, settle
from .system import READY_SECONDS, REPLICAS, ClusterStack
from .watching import GatewayLog, Growth, longest_pause

CUSTOMERS, AGENTS = 20, 4
RATE = 20.0
"""Messages of customers a second."""

QUIET_SECONDS = 3.0
ASKED_EVERY = 0.05
"""Seconds between two requests of somebody who asks for everything in turn, and repeats nothing."""

PATHS = (
    "/api/v1/requests?view=open",
    "/api/v1/contacts?limit=20",
    "/api/v1/mail/mailboxes",
    "/api/v1/agents",
    "/chat/v1/sites/demo",
    "/widget.js",
)


@dataclass
class Death:
    """What was killed (SIGKILL) at once, when it was away, and how long writing paused meanwhile; seconds."""

    what: str
    programs: Sequence[str]
    began: float
    ended: float
    pauses: dict[str, float]


@dataclass
class Played:
    """What came of it."""

    seed: int
    findings: Findings = field(default_factory=Findings)
    left: Leftovers = field(default_factory=Leftovers)
    settled: float | None = None
    copies: dict[str, int] = field(default_factory=dict)
    led: dict[str, str] = field(default_factory=dict)
    """The node that led each queue when it was killed."""

    deaths: list[Death] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    """What the gateway answered while replicas were replaced."""


class Play:
    """A play on a cluster that runs."""

    def __init__(self, stack: ClusterStack, seed: int, folder: Path, say: Callable[[str], None]) -> None:
        self._stack, self._say = stack, say
        self._chance = random.Random(seed)  # noqa: S311 - an order by chance, hides nothing
        self._growth = Growth()
        self.played = Played(seed)
        told = {"gateway": stack.gateway, "mail_inbound": stack.mail_inbound}
        accounts = [(account.email, demo.PASSWORD) for account in demo.ACCOUNTS]
        self._customers = People("customers", folder / "customers", {**told, "count": CUSTOMERS, "rate": RATE})
        agents = {**told, "count": AGENTS, "rate": RATE / 4, "accounts": accounts}
        self._agents = People("agents", folder / "agents", agents)

    async def play(self) -> Played:
        """All of it."""
        people = (self._customers, self._agents)
        files = [one.file for one in people]
        try:
            await asyncio.gather(*(one.start() for one in people))
            await prepared(self._agents.file, AGENTS)
            for one in people:
                one.tell("go")
            async with self._growth.watched(self._stack.mongodb_url):
                await self._wait_for_growth()
                self.played.copies = dict(await self._stack.copies())
                await self._replace_every_replica()
                await self._kill_every_leader()
                await self._kill_the_primary()
                await self._kill_every_machine()
                await asyncio.sleep(QUIET_SECONDS)
            for one in people:
                one.tell("quiet")
            await self._stack.mails_settled()
            self.played.settled, self.played.left = await settle(self._stack, 120, files, self._say)
            await asyncio.gather(*(one.end() for one in people))
        finally:
            for one in people:
                one.kill()
        self._compare(comparing.read(files))
        return self.played

    async def _replace_every_replica(self) -> None:
        """A rolling restart, while people work and somebody asks for everything."""
        log = GatewayLog(self._stack.logs / "gateway.log")
        asking = asyncio.create_task(self._ask_for_everything())
        for name in self._chance.sample(REPLICAS, len(REPLICAS)):
            self._say(f"  replace {name}")
            await self._stack.replaced(name)
            self.played.replaced.append(name)
        asking.cancel()
        await asyncio.sleep(QUIET_SECONDS)
        self.played.answers = log.answers()

    async def _ask_for_everything(self) -> None:
        async with httpx2.AsyncClient(base_url=self._stack.gateway, timeout=30) as http:
            account = {"email": demo.ACCOUNTS[0].email, "password": demo.PASSWORD}
            signed_in = (await http.post("/api/v1/auth/login", json=account)).raise_for_status().json()
            headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
            while True:
                for path in PATHS:
                    await http.get(path, headers=headers)
                    await asyncio.sleep(ASKED_EVERY)
                await http.post("/chat/v1/visitors", json={"widget_key": "demo"})
                name = {"first_name": "Ada", "last_name": f"Client {self._chance.random()}"}
                await http.post("/api/v1/contacts", json=name, headers=headers)

    async def _kill_every_leader(self) -> None:
        """Kill the node that leads a queue, until each queue has lost its leader once."""
        queues = self._chance.sample(sorted(self.played.copies), len(self.played.copies))
        for queue in queues:
            if queue not in self.played.led:
                leaders = await self._stack.leaders()
                node = leaders[queue]
                self.played.led |= {name: node for name, leader in leaders.items() if leader == node}
                await self._kill(f"the leader of {queue}", [node])

    async def _kill_the_primary(self) -> None:
        await self._kill("MongoDB's primary", [await self._stack.primary()])

    async def _kill_every_machine(self) -> None:
        for number in self._chance.sample(range(len(MACHINES)), len(MACHINES)):
            await self._kill(f"machine {number + 1}", MACHINES[number])

    async def _kill(self, what: str, programs: Sequence[str]) -> None:
        """Kill them and leave them dead until writing goes on without them; then have them back."""
        began = time.time()
        await asyncio.gather(*(self._stack.crash(name) for name in programs))
        await self._wait_for_growth()
        # That it goes on, and not only that what was on its way came through.
        await asyncio.sleep(QUIET_SECONDS)
        await self._wait_for_growth()
        ended = time.time()
        pauses = {name: longest_pause(at, began, ended) for name, at in self._growth.moments.items()}
        self.played.deaths.append(Death(what, programs, began, ended, pauses))
        self._say(f"  killed {what} ({', '.join(programs)}): pauses {pauses}")
        async with asyncio.timeout(READY_SECONDS):
            await asyncio.gather(*(self._stack.start(name) for name in programs))
        await self._wait_for_growth()

    async def _wait_for_growth(self) -> None:
        now = time.time()
        async with asyncio.timeout(READY_SECONDS):
            while not self._growth.since(now):
                await asyncio.sleep(0.1)

    def _compare(self, records: list[Record]) -> None:
        with MongoClient[dict[str, Any]](self._stack.mongodb_url, tz_aware=True) as mongo:
            found = comparing.compare(records, comparing.log_of(mongo), comparing.timeline_of(mongo))
            other_work.compare(found, records, self._stack, mongo)
        for record in comparing.of(records, "failed"):
            found.add("the test itself failed", record["error"])
        self.played.findings = found
        acknowledged = [record["t"] for record in comparing.of(records, "accepted")]
        for death in self.played.deaths:
            death.pauses["acknowledged"] = longest_pause(acknowledged, death.began, death.ended)
