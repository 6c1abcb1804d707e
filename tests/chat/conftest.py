"""Two replicas of ``chat`` as real processes, and clients of both kinds."""

import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from guichet_kit.mongo import Database
from guichet_kit.tokens import Tokens
from guichet_local.testing.databases import Databases
from guichet_local.testing.service import ServiceProcess
from guichet_local.testing.signing import SIGNING
from guichet_local.testing.sockets import SocketClient

SITE = {"key": "shop", "name": "Shop", "origins": ["http://shop.example"], "color": "#123456"}


@dataclass
class Replicas:
    """Two processes of the service on one database."""

    first: ServiceProcess
    second: ServiceProcess
    visitor_tokens: Tokens
    agent_tokens: Tokens
    receipt_tokens: Tokens
    database: str

    def agent_token(self, agent_id: str = "agent-1", name: str = "Caro Agent", lifetime: int = 900) -> str:
        """An access token as ``requests`` issues it."""
        return self.agent_tokens.issue(agent_id, lifetime, name=name, initials="CA", role="agent")


@pytest.fixture(scope="session")
def widget_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("widget")
    (folder / "widget.js").write_text("/* loader */")
    (folder / "frame.html").write_text("<!doctype html><title>frame</title>")
    (folder / "assets").mkdir()
    (folder / "assets" / "frame-abc123.js").write_text("/* frame */")
    (folder.parent / "secret.txt").write_text("not to be served")
    return folder


def environment_of(rabbitmq_url: str, mongodb_url: str, folder: Path, widget_dir: Path) -> dict[str, str]:
    """What replicas are told that share a database with nobody else."""
    secret_file = folder / "secret.key"
    secret_file.write_bytes(secrets.token_bytes(48))
    return {
        "GUICHET_RABBITMQ_URL": rabbitmq_url,
        "GUICHET_MONGODB_URL": mongodb_url,
        "GUICHET_DATABASE_PREFIX": f"test_{secrets.token_hex(4)}_",
        "GUICHET_SECRET_KEY_FILE": str(secret_file),
        "GUICHET_WIDGET_SITES": json.dumps([SITE]),
        "GUICHET_WIDGET_DIR": str(widget_dir),
    }


def start_replicas(rabbitmq_url: str, mongodb_url: str, folder: Path, widget_dir: Path) -> Replicas:
    environment = environment_of(rabbitmq_url, mongodb_url, folder, widget_dir)
    first, second = (ServiceProcess("guichet_chat", environment, folder / f"chat-{number}.log") for number in (1, 2))
    first.start()
    second.start()
    return Replicas(
        first,
        second,
        visitor_tokens=SIGNING.tokens("visitors"),
        agent_tokens=SIGNING.tokens("agents"),
        receipt_tokens=SIGNING.tokens("receipts"),
        database=f"{environment['GUICHET_DATABASE_PREFIX']}chat",
    )


@pytest.fixture(scope="session")
def replicas(
    rabbitmq_url: str, mongodb_url: str, tmp_path_factory: pytest.TempPathFactory, widget_dir: Path
) -> Iterator[Replicas]:
    """Two replicas that the tests share; none of them may be harmed."""
    running = start_replicas(rabbitmq_url, mongodb_url, tmp_path_factory.mktemp("chat"), widget_dir)
    yield running
    running.first.stop()
    running.second.stop()


@pytest.fixture
async def http(replicas: Replicas) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the first replica, signed in as an agent."""
    headers = {"Authorization": f"Bearer {replicas.agent_token()}"}
    async with httpx2.AsyncClient(base_url=replicas.first.url, headers=headers, timeout=20) as client:
        yield client


@dataclass
class Person:
    """A visitor with a session."""

    id: str
    token: str


Visit = Callable[[], Awaitable[Person]]
Open = Callable[..., Awaitable[SocketClient]]


@pytest.fixture
def visit(http: httpx2.AsyncClient) -> Visit:
    """Begin a visitor's session."""

    async def begin() -> Person:
        answer = await http.post("/chat/v1/visitors", json={"widget_key": "shop", "name": "Ada"})
        assert answer.status_code == 200, answer.text
        return Person(answer.json()["visitor_id"], answer.json()["token"])

    return begin


@pytest.fixture
async def customer(replicas: Replicas) -> AsyncIterator[Open]:
    """Open a customer's socket on a replica, and wait for its greeting."""
    opened: list[SocketClient] = []

    async def open_socket(person: Person, replica: ServiceProcess | None = None) -> SocketClient:
        client = await SocketClient.open(f"{(replica or replicas.first).url}/chat/v1/socket", person.token)
        opened.append(client)
        await client.frame("ready")
        return client

    yield open_socket
    for client in opened:
        await client.close()


@pytest.fixture
async def agent(replicas: Replicas) -> AsyncIterator[Open]:
    """Open an agent's socket on a replica, and wait for its greeting."""
    opened: list[SocketClient] = []

    async def open_socket(replica: ServiceProcess | None = None) -> SocketClient:
        url = f"{(replica or replicas.first).url}/api/v1/live"
        client = await SocketClient.open(url, replicas.agent_token())
        opened.append(client)
        await client.frame("ready")
        return client

    yield open_socket
    for client in opened:
        await client.close()


@pytest.fixture(params=["pymongo", "motor"])
async def database(request: pytest.FixtureRequest, databases: Databases) -> Database:
    """An empty database through either driver."""
    return await databases.empty("chat", request.param)
