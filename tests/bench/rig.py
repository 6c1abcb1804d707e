"""Everything that is measured: Guichet's whole stack, the same servers bare, and the load, each apart."""

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import httpx2
from guichet_contracts.subscriptions import SUBSCRIPTIONS
from guichet_local import demo
from guichet_local.ports import Ports
from guichet_local.program import Program, answers
from guichet_local.servers import mongodb, rabbitmq
from guichet_local.services import SERVICES
from guichet_local.testing.background import Background, Group
from guichet_local.testing.stack import Stack
from pymongo import MongoClient

from . import processes
from .figures import Figures

STACK = (*SERVICES, "gateway", "rabbitmq", "mongodb", "objects", "demo-mail", "epmd")
COUNTED = ("find", "insert", "update", "delete", "findAndModify", "aggregate", "getMore", "count", "distinct")
"""Commands of MongoDB that are counted; the drivers' own (hello, ping) are not."""


class Bare:
    """RabbitMQ and MongoDB of its own with the bare path on them; see tests/bench/bare."""

    names = ("rabbitmq", "mongodb", "front", "worker")

    def __init__(self, background: Background) -> None:
        self.ports = Ports.free()
        self._group = Group(background, "bare")
        password = secrets.token_hex(12)
        amqp, database = rabbitmq.url(self.ports, password), mongodb.url(self.ports)
        self.mongodb_url, self.rabbitmq_url = database, amqp
        data = self._group.data
        ready = data.run / "worker-ready"
        self._servers = [
            *rabbitmq.programs(data.of("rabbitmq"), self.ports, password),
            mongodb.program(data.of("mongodb"), self.ports),
        ]

        async def worker_is_ready() -> bool:
            return ready.exists()

        python = (sys.executable, "-m")
        port = str(self.ports["chat-1"])
        self._programs = [
            Program("front", [*python, "tests.bench.bare.front", port, amqp], answers(int(port), "/"), layer=2),
            Program(
                "worker", [*python, "tests.bench.bare.worker", amqp, database, str(ready)], worker_is_ready, layer=2
            ),
        ]
        self.url = f"ws://127.0.0.1:{port}/"

    def start(self) -> None:
        """Start the servers, then what runs on them."""
        self._group.start_all(self._servers).result()
        self._group.start_all(self._programs).result()

    def stop(self) -> None:
        """Stop everything."""
        self._group.stop_all()

    def pids(self) -> dict[str, int]:
        """The processes of the bare path."""
        return {name: self._group.pid(name) for name in self.names}


class Meter:
    """Counts what a system uses between two moments."""

    def __init__(self, pids: Mapping[str, int], mongodb_url: str) -> None:
        self._pids = dict(pids)
        self._mongo: MongoClient[dict[str, Any]] = MongoClient(mongodb_url)
        self._cpu: dict[str, float] = {}
        self._commands: dict[str, int] = {}

    def begin(self) -> None:
        """From now on."""
        self._commands, self._cpu = self._counted(), processes.cpu_ms(self._pids)

    def end(self, probes: int = 0) -> Figures:
        """CPU milliseconds by process, and MongoDB's commands without so many finds of the bench's own."""
        cpu = {name: used - self._cpu[name] for name, used in processes.cpu_ms(self._pids).items()}
        commands = {name: count - self._commands[name] for name, count in self._counted().items()}
        commands["find"] -= probes
        return {"cpu_ms": cpu, "commands": commands}

    def close(self) -> None:
        """Close the connection."""
        self._mongo.close()

    def _counted(self) -> dict[str, int]:
        told = self._mongo.admin.command("serverStatus")["metrics"]["commands"]
        return {name: int(told[name]["total"]) for name in COUNTED}


class Generator:
    """The process that loads; see generator.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def running(cls, module: str = "generator") -> AsyncIterator["Generator"]:
        """One, until the context ends; of `crowd` when that is the module."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"tests.bench.{module}"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        try:
            yield cls(process)
        finally:
            process.kill()
            await process.wait()

    async def tell(self, do: str, target: str, **options: Any) -> Figures:
        """Have it do something; what it answers. Raises RuntimeError with what went wrong there."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, "target": target, **options}).encode() + b"\n")
        line = await self._process.stdout.readline()
        answer: Figures = json.loads(line or b'{"error": "the generator ended"}')
        if error := answer.get("error"):
            raise RuntimeError(f"{do} {target}: {error}")
        return answer


def stack_pids(stack: Stack) -> dict[str, int]:
    """The processes of the whole stack."""
    return {name: stack.pid(name) for name in STACK}


async def agent_token(stack: Stack) -> str:
    """An access token of the demo's first agent."""
    async with httpx2.AsyncClient(base_url=stack.gateway) as http:
        account = {"email": demo.ACCOUNTS[0].email, "password": demo.PASSWORD}
        answer = await http.post("/api/v1/auth/login", json=account)
        return str(answer.raise_for_status().json()["access_token"])


async def until_drained(amqp_url: str, seconds: float = 240.0) -> bool:
    """Wait until no consumer's queue holds a message that waits; False when that takes too long."""
    connection = await aio_pika.connect(amqp_url)
    async with connection, asyncio.timeout(seconds + 30):
        channel = await connection.channel()
        limit = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < limit:
            depths = [(await channel.declare_queue(name, passive=True)).declaration_result for name in SUBSCRIPTIONS]
            if not any(depth.message_count for depth in depths):
                return True
            await asyncio.sleep(0.2)
    return False
