"""Stores on a database of their own, what chat would say, and the whole service as a process."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from guichet_contracts import chat
from guichet_kit.clock import now
from guichet_kit.hearings import waits
from guichet_kit.ids import new_id
from guichet_kit.mongo import Collection, Database, Document, open_client
from guichet_kit.tokens import Tokens
from guichet_local.testing.databases import Databases
from guichet_local.testing.service import ServiceProcess
from guichet_requests import consumers
from guichet_requests.agent.agent import Agent, Role
from guichet_requests.agent.passwords import Passwords
from guichet_requests.agent.store import AgentStore
from guichet_requests.audit.store import AuditStore
from guichet_requests.contact.store import ContactStore
from guichet_requests.email.settling import Mailroom
from guichet_requests.email.store import FilingStore
from guichet_requests.email.usecases import Outbox
from guichet_requests.erasure.store import ErasureStore
from guichet_requests.erasure.usecases import ErasureGuard, Everywhere
from guichet_requests.file.store import FileStore
from guichet_requests.request.events import snapshot
from guichet_requests.request.missing import MissingStore
from guichet_requests.request.request import Request
from guichet_requests.request.store import RequestStore
from guichet_requests.timeline.item import Item
from guichet_requests.timeline.store import TimelineStore

PUBLIC_URL = "https://desk.example"
PASSWORD = "a good password"
CARO = chat.Author(kind="agent", id="0190aaaa-0000-7000-8000-00000000ca40", name="Caro Agent")
SECRET = b"0123456789abcdef" * 3
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(params=["pymongo", "motor"])
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def database(databases: Databases, driver: str) -> Database:
    return await databases.empty("requests", driver)


class HeardRelay:
    """Keeps what it is offered instead of publishing it, and which requests are to be told of."""

    def __init__(self) -> None:
        self.events: list[Document] = []
        self.changed: list[Request] = []

    def tell(self, request: Request) -> None:
        self.changed.append(request)

    def moved_mark(self, request_id: str) -> None:
        """Its mark stays."""

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        self.events += [entry["event"] for entry in entries]


@dataclass
class World:
    """The stores of one database, and short ways to use and look into them."""

    requests: RequestStore
    items: TimelineStore
    agents: AgentStore
    contacts: ContactStore
    erasures: ErasureStore
    filings: FilingStore
    files: FileStore
    missing: MissingStore
    relay: HeardRelay
    reopen: timedelta = timedelta(days=30)

    @classmethod
    def on(cls, database: Database) -> "World":
        items, relay = TimelineStore(database), HeardRelay()
        agents, contacts, erasures = AgentStore(database), ContactStore(database), ErasureStore(database, relay, SECRET)
        filings, missing = FilingStore(database, relay), MissingStore(database)
        requests, files = RequestStore(database, items, relay, relay), FileStore(database)
        return cls(requests, items, agents, contacts, erasures, filings, files, missing, relay)

    @property
    def room(self) -> Mailroom:
        return Mailroom(
            self.requests, self.items, self.contacts, self.filings, self.files, self.reopen, self.guard
        )  # fmt: skip

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.requests, self.items, self.contacts, "desk.example")

    @property
    def everywhere(self) -> Everywhere:
        return Everywhere(self.erasures, self.requests, self.items, self.contacts, self.files)

    @property
    def guard(self) -> ErasureGuard:
        return ErasureGuard(self.everywhere)

    @property
    def stores(self) -> consumers.Stores:
        return consumers.Stores(self.everywhere, self.missing, AuditStore(self.requests.collection.database))

    async def hear(self, *events: Any) -> None:
        for event in events:
            if event.type.startswith("contacts."):
                await consumers.take_in_contact(self.stores, event)
            elif event.type.startswith("mailer."):
                await consumers.take_in_mail(self.room, event)
            elif event.type.startswith("attachments."):
                await consumers.take_in_checked(self.room, event)
            else:
                await consumers.take_in(self.stores, event)

    async def hear_together(self, *events: Any) -> list[int]:
        """As one batch; the positions of what was left."""
        return sorted(await consumers.take_in_batch(self.stores, events))

    async def clear(self) -> None:
        """Forget everything that was heard."""
        for collection in (self.requests.collection, self.items.collection, self.filings.collection):
            await collection.delete_many({})

    async def the_request(self, number: int = 0) -> Request:
        """The request of that place in the order in which they were begun."""
        found = await self.requests.collection.find({}, {"_id": True}).sort("number", 1).to_list(None)
        request = await self.requests.get(found[number]["_id"])
        assert request is not None
        return request

    async def count(self) -> int:
        return int(await self.requests.collection.count_documents({}))

    async def emails(self, request_id: str) -> list[Item]:
        return list(reversed(await self.items.emails(request_id, 100)))

    def told(self, event_type: str) -> list[dict[str, Any]]:
        """What the events of this type say."""
        return [event["data"] for event in self.relay.events if event["type"] == event_type]

    async def timeline(self, request_id: str) -> list[tuple[str, str]]:
        page, _ = await self.items.page(request_id, "asc", 200, None)
        return [(item.event.name if item.event else item.kind, item.text) for item in page]

    async def outcome(self) -> list[Any]:
        """All requests with their timelines, in the order of their beginning; without what may differ: ids, numbers."""
        found = await self.requests.collection.find({}).sort("created_at", 1).to_list(None)
        shown = []
        for document in found:
            request = await self.requests.get(document["_id"])
            assert request is not None
            page, _ = await self.items.page(request.id, "asc", 200, None)
            view = snapshot(request).model_dump(exclude={"id", "number", "version"})
            items = [(item.id, item.at, item.text, item.author.name, item.seq, item.event) for item in page]
            shown.append((view, items))
        return shown


@pytest.fixture
async def world(database: Database) -> World:
    made = World.on(database)
    for store in (made.requests, made.items, made.agents, made.contacts, made.filings, made.missing):
        await store.prepare()
    return made


class Visitor:
    """A visitor who writes, and agents who answer: yields the events that chat would publish."""

    def __init__(
        self, name: str | None = "Ada", begun: datetime = NOON, *, email: str | None = None, verified: bool = False
    ) -> None:
        self._about = chat.Visitor(id=new_id(), name=name, email=email, verified=verified)
        self._clock = (begun + timedelta(seconds=n) for n in itertools.count())
        self._conversation: chat.Conversation | None = None
        self._closing: chat.Predecessor | None = None
        self._seq = 0

    @property
    def id(self) -> str:
        return self._about.id

    @property
    def conversation(self) -> chat.Conversation:
        if self._conversation is None:
            at = next(self._clock)
            self._conversation = chat.Conversation(
                id=new_id(), visitor=self._about, site="demo", opened_at=at, follows=self._closing
            )
            self._seq = 0
        return self._conversation

    def writes(self, text: str, at: datetime | None = None) -> chat.MessagePosted:
        return self._message(chat.Author(kind="visitor", id=self.id, name=self._about.name), text, at)

    def is_answered(self, text: str) -> chat.MessagePosted:
        return self._message(CARO, text)

    def is_closed(self, status: chat.ClosingStatus = "closed", at: datetime | None = None) -> chat.ConversationClosed:
        about, at = self.conversation, at or next(self._clock)
        self._seq += 1
        closing = chat.Closing(seq=self._seq, at=at, by=CARO, request_status=status)
        self._closing = chat.Predecessor(conversation_id=about.id, **dict(closing))
        self._conversation = None
        data = chat.ConversationClosedData(conversation=about, closing=closing)
        return chat.ConversationClosed(id=new_id(), time=at, subject=about.id, data=data)

    def is_read(self, seq: int, reader: Literal["visitor", "agent"] = "agent") -> chat.ConversationRead:
        data = chat.ConversationReadData(conversation_id=self.conversation.id, reader=reader, seq=seq)
        return chat.ConversationRead(id=new_id(), time=NOON, subject=self.conversation.id, data=data)

    def _message(self, author: chat.Author, text: str, at: datetime | None = None) -> chat.MessagePosted:
        about, at = self.conversation, at or next(self._clock)
        self._seq += 1
        entry = chat.Message(seq=self._seq, id=new_id(), author=author, text=text, at=at)
        data = chat.MessagePostedData(conversation=about, entry=entry)
        return chat.MessagePosted(id=new_id(), time=at, subject=about.id, data=data)


@contextmanager
def put_off(times: int) -> Iterator[None]:
    """What is heard in here was put off so often before."""
    token = waits.set(times)
    try:
        yield
    finally:
        waits.reset(token)


@pytest.fixture
def ada() -> Visitor:
    """Ada, who began to write a little while ago."""
    return Visitor(begun=now() - timedelta(seconds=15))


@dataclass
class Service:
    """The whole service as a real process, on real servers, and its agents."""

    client: httpx2.AsyncClient
    world: World
    database: Database
    process: ServiceProcess
    password_hash: str

    async def agent(self, name: str = "Caro Agent", role: Role = "agent") -> Agent:
        agent = Agent(id=new_id(), name=name, email=f"{new_id()}@example.com", role=role)
        assert await self.world.agents.insert(agent, self.password_hash)
        return agent

    async def sign_in(self, agent: Agent) -> "Signed":
        answer = await self.client.post("/api/v1/auth/login", json={"email": agent.email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        self.client.cookies.clear()
        return Signed(self.client, agent, answer.json()["access_token"])

    async def signed_in(self, name: str = "Caro Agent", role: Role = "agent") -> "Signed":
        return await self.sign_in(await self.agent(name, role))


@dataclass
class Signed:
    """An agent at the console."""

    client: httpx2.AsyncClient
    agent: Agent
    token: str

    async def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    async def get(self, path: str, **parameters: Any) -> Any:
        answer = await self.call("GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def secret_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("requests") / "secret.key"
    file.write_bytes(os.urandom(48))
    return file


@pytest.fixture(scope="session")
def receipts(secret_file: Path) -> Tokens:
    """Signs receipts as ``attachments`` does."""
    return Tokens(secret_file.read_bytes(), "receipts")


@pytest.fixture(scope="session")
def form_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of web forms, as if it was built."""
    folder = tmp_path_factory.mktemp("form")
    (folder / "assets").mkdir()
    (folder / "form.html").write_text("<!doctype html><title>form</title>")
    (folder / "proof.html").write_text("<!doctype html><title>proof</title>")
    (folder / "assets" / "form-abc.js").write_text("/* form */")
    return folder


# Ends with the module: it takes from a queue that other tests' processes may take from.
@pytest.fixture(scope="module")
async def service(mongodb_url: str, rabbitmq_url: str, secret_file: Path, form_dir: Path) -> AsyncIterator[Service]:
    prefix = f"test_{new_id().replace('-', '')[-12:]}_"
    process = ServiceProcess(
        "guichet_requests",
        {
            "GUICHET_MONGODB_URL": mongodb_url,
            "GUICHET_RABBITMQ_URL": rabbitmq_url,
            "GUICHET_SECRET_KEY_FILE": str(secret_file),
            "GUICHET_DATABASE_PREFIX": prefix,
            "GUICHET_PUBLIC_URL": PUBLIC_URL,
            "GUICHET_FORM_DIR": str(form_dir),
        },
        secret_file.with_name("requests.log"),
    )
    mongo = open_client(mongodb_url, "pymongo", "tests")
    database = mongo.database(f"{prefix}requests")
    password_hash = await Passwords().hash(PASSWORD)
    try:
        # Elsewhere: a database client whose loop stands still takes its server for dead.
        await asyncio.to_thread(process.start)
        async with httpx2.AsyncClient(base_url=process.url, timeout=60) as client:
            yield Service(client, World.on(database), database, process, password_hash)
    finally:
        await asyncio.to_thread(process.stop)
        await database.command("dropDatabase")
        await mongo.close()
