"""What the tests of contacts share: the environment of a real process, and the process itself."""

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import httpx2
import pytest
from guichet_contacts.contact.store import ContactStore
from guichet_kit.mongo import Collection, Database, Document
from guichet_local.testing.databases import Databases
from guichet_local.testing.signing import SIGNING

SECRET = b"0123456789abcdef" * 3


@pytest.fixture(scope="module")
def environment(mongodb_url: str, rabbitmq_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings of a process with a database of its own, on a port that was free."""
    secret = tmp_path_factory.mktemp("keys") / "secret.key"
    secret.write_bytes(os.urandom(48))
    return {
        "PATH": os.environ["PATH"],
        "GUICHET_HTTP_PORT": str(_free_port()),
        "GUICHET_MONGODB_URL": mongodb_url,
        "GUICHET_RABBITMQ_URL": rabbitmq_url,
        "GUICHET_DATABASE_PREFIX": f"test_{os.urandom(4).hex()}_",
        "GUICHET_SECRET_KEY_FILE": str(secret),
        **SIGNING.environment("contacts"),
    }


Start = Callable[[Mapping[str, str]], AbstractAsyncContextManager[asyncio.subprocess.Process]]


@pytest.fixture(scope="module")
def start() -> Start:
    """Starts ``python -m guichet_contacts``; it ends with the context."""

    @asynccontextmanager
    async def started(environment: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "guichet_contacts"),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(20):
                    await process.wait()
            except TimeoutError:
                process.kill()
            await process.communicate()

    return started


@pytest.fixture(scope="module")
async def client(environment: dict[str, str], start: Start) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a process that is ready."""
    async with (
        start(environment),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{environment['GUICHET_HTTP_PORT']}", timeout=30) as client,
    ):
        async with asyncio.timeout(60):
            await _ready(client)
        yield client


@pytest.fixture(scope="module")
def token() -> Callable[..., dict[str, str]]:
    """Headers of an agent of some role, as `requests` would have signed them in."""
    tokens = SIGNING.tokens("agents")

    def headers(role: str = "agent", agent_id: str = "caro", lifetime: int = 900) -> dict[str, str]:
        token = tokens.issue(agent_id, lifetime, name="Caro Agent", initials="CA", role=role)
        return {"Authorization": f"Bearer {token}"}

    return headers


async def _ready(client: httpx2.AsyncClient) -> None:
    while True:
        with suppress(httpx2.TransportError):
            if (await client.get("/readyz")).status_code == 200:
                return
        await asyncio.sleep(0.1)


def _free_port() -> int:
    while True:
        port = random.randrange(10_000, 32_000)  # noqa: S311  spreads, hides nothing
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class RecordingRelay:
    """A relay that publishes nothing and remembers what it was offered."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        self.events += [entry["event"] for entry in entries]

    def types(self) -> list[str]:
        """The types of the events, without what they have in common."""
        return [event["type"].removeprefix("contacts.contact.").removesuffix(".v1") for event in self.events]


@pytest.fixture
def relay() -> RecordingRelay:
    return RecordingRelay()


@pytest.fixture(params=["pymongo", "motor"])
async def database(request: pytest.FixtureRequest, databases: Databases) -> Database:
    """An empty database, through each driver."""
    return await databases.empty("contacts", request.param)


@pytest.fixture
async def contacts(database: Database, relay: RecordingRelay) -> ContactStore:
    store = ContactStore(database, relay, SECRET)
    await store.ensure_indexes()
    return store
