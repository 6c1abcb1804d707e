"""One run: the system, the people, the faults, the quiet after them, and the comparison."""

import asyncio
import json
import random
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guichet_local import demo
from guichet_local.testing.background import Background
from guichet_local.testing.stack import Stack
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from . import comparing, leftovers, other_work
from .comparing import Findings, Record
from .faults import Faults, Happened, drawn
from .leftovers import Leftovers
from .options import Options
from .system import SERVERS, SERVICES, ChaosStack

WARM_SECONDS = 5.0
QUIET_SECONDS = 60.0
"""After the last fault is mended: then everything must be told, shown and empty; later is a finding of its own."""

STILL_SECONDS = 2.0
READY_SECONDS = 60.0


@dataclass
class Outcome:
    """What came of a run."""

    options: Options
    began: float
    faults: list[Happened]
    records: list[Record]
    findings: Findings
    left: Leftovers
    settled: float | None
    """Seconds from the last fault until nothing was left; None when something was in the end."""
    stored: list[float] = field(default_factory=list)
    """When each entry of the log was written (seconds since 1970)."""

    @property
    def held(self) -> bool:
        """Whether the promise held."""
        return not self.findings.wrong


class People:
    """A process of people, and its records."""

    def __init__(self, module: str, file: Path, told: dict[str, Any]) -> None:
        self.module, self.file = module, file
        self._told = {**told, "records": str(file)}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Let them come."""
        command = (sys.executable, "-m", f"tests.chaos.{self.module}", json.dumps(self._told))
        self._process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)

    def tell(self, word: str) -> None:
        """`go`, `quiet` or `end`."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())

    async def end(self) -> None:
        """Have everything written down."""
        self.tell("end")
        assert self._process is not None
        await asyncio.wait_for(self._process.wait(), 20)

    def kill(self) -> None:
        """For a run that fails."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()


async def run(options: Options, say: Callable[[str], None]) -> Outcome:
    """A whole run, on a system of its own; the records, and the logs when it did not hold, go beside the report."""
    records = options.report / "records"
    for left in (records, options.report / "logs"):
        shutil.rmtree(left, ignore_errors=True)
    records.mkdir(parents=True)
    background = Background()
    try:
        stack = await asyncio.to_thread(ChaosStack, background, options.planted, {})
        try:
            await asyncio.to_thread(stack.start_all)
            outcome = await _on(stack, options, records, say)
            if not outcome.held:
                await asyncio.to_thread(shutil.copytree, stack.logs, options.report / "logs", dirs_exist_ok=True)
            return outcome
        finally:
            await asyncio.to_thread(stack.stop_all)
    finally:
        background.close()


async def _on(stack: ChaosStack, options: Options, folder: Path, say: Callable[[str], None]) -> Outcome:
    told = {"gateway": stack.gateway, "mail_inbound": stack.mail_inbound}
    accounts = [(account.email, demo.PASSWORD) for account in demo.ACCOUNTS]
    customers = People("customers", folder / "customers", {**told, "count": options.customers, "rate": options.rate})
    agents = People(
        *("agents", folder / "agents"),
        {**told, "count": options.agents, "rate": max(2.0, options.rate / 10), "accounts": accounts},
    )
    try:
        await asyncio.gather(customers.start(), agents.start())
        await prepared(agents.file, options.agents)
        began = time.time()
        for people in (customers, agents):
            people.tell("go")
        await asyncio.sleep(WARM_SECONDS)
        faults = await _fault_after_fault(stack, options, say)
        for people in (customers, agents):
            people.tell("quiet")
        settled, left = await settle(stack, options.settle, [customers.file, agents.file], say)
        await asyncio.gather(customers.end(), agents.end())
    finally:
        customers.kill()
        agents.kill()
    records = comparing.read([customers.file, agents.file])
    mongo: MongoClient[dict[str, Any]] = MongoClient(stack.mongodb_direct, tz_aware=True)
    with mongo:
        log = comparing.log_of(mongo)
        findings = comparing.compare(records, log, comparing.timeline_of(mongo))
        other_work.compare(findings, records, stack, mongo)
    _late(findings, left, settled)
    for record in comparing.of(records, "failed"):
        findings.add("the test itself failed", record["error"])
    for happened in faults:
        if happened.trouble:
            say(f"  {happened.fault}: {happened.trouble}")
    stored = sorted(entry.at.timestamp() for entry in log)
    return Outcome(options, began, faults, records, findings, left, settled, stored)


def _late(findings: Findings, left: Leftovers, settled: float | None) -> None:
    if settled is None:
        findings.add("not empty in the end", str(left))
    elif settled > QUIET_SECONDS:
        findings.add(f"not empty within {QUIET_SECONDS:.0f} s", f"{settled:.0f} s")
    for name, count in left.parked.items():
        findings.add("dead letters", f"{name}: {count}")


async def prepared(file: Path, count: int) -> None:
    """Wait until every agent has what they need; that goes before the faults."""
    async with asyncio.timeout(120):
        while True:
            text = await asyncio.to_thread(file.read_text) if file.exists() else ""  # noqa: ASYNC240
            if '"failed"' in text:
                raise RuntimeError(text[-500:])
            if text.count('"prepared"') >= count:
                return
            await asyncio.sleep(0.3)


async def _fault_after_fault(stack: ChaosStack, options: Options, say: Callable[[str], None]) -> list[Happened]:
    chance = random.Random(options.seed)  # noqa: S311 - faults at random, hides nothing
    faults = Faults(stack)
    under_way: set[asyncio.Task[None]] = set()
    end = time.monotonic() + options.minutes * 60 - WARM_SECONDS
    for fault in drawn(chance, options.short, options.without):
        if time.monotonic() + fault.seconds > end:
            if time.monotonic() + options.pause > end:
                break
            continue
        say(f"  {fault}")
        task = asyncio.create_task(faults.happen(fault))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        await asyncio.sleep(options.pause * chance.uniform(0.6, 1.4))
    await asyncio.sleep(max(0.0, end - time.monotonic()))
    await asyncio.gather(*under_way)
    return faults.done


async def settle(
    stack: Stack, limit: float, files: list[Path], say: Callable[[str], None]
) -> tuple[float | None, Leftovers]:
    """Wait until nothing is left, and everybody has been answered and shown everything; how long that took."""
    began, left = time.monotonic(), Leftovers({"not looked at": 1})
    mongo: MongoClient[dict[str, Any]] = MongoClient(stack.mongodb_url, serverSelectionTimeoutMS=2000)
    empty_since: float | None = None
    with mongo:
        while time.monotonic() - began < limit:
            await asyncio.gather(*(_ready(stack, name) for name in (*SERVERS, *SERVICES)))
            try:
                left = await leftovers.look(stack, mongo)
                if not left.pending:
                    left.waited_for = await asyncio.to_thread(_waited_for, files, mongo)
            except (RuntimeError, PyMongoError) as error:
                left = Leftovers({f"not looked at: {str(error)[:80]}": 1})
            if left.pending:
                empty_since = None
            elif empty_since is None:
                empty_since = time.monotonic()
            elif time.monotonic() - empty_since > STILL_SECONDS:
                return empty_since - began, left
            say(f"  left: {left}")
            await asyncio.sleep(2)
    say(f"  left in the end: {left}")
    return None, left


def _waited_for(files: list[Path], mongo: MongoClient[dict[str, Any]]) -> int:
    return comparing.waited_for(comparing.read(files), comparing.log_of(mongo))


async def _ready(stack: Stack, name: str) -> None:
    async with asyncio.timeout(READY_SECONDS + 30):
        await stack.ready(name)
