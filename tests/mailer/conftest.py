"""The service as a real process, with the real ``attachments`` beside it, a mail server of the test's, and an ear."""

import asyncio
import json
import os
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import aio_pika
import httpx2
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from guichet_contracts import requests as contract
from guichet_kit.broker import EVENTS_EXCHANGE
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.tokens import Tokens
from guichet_local.ports import free_port
from guichet_local.testing import S3
from guichet_local.testing.events import events_of
from guichet_local.testing.service import ServiceProcess

from .certificates import certificate

AUTHSERV_ID = "mx.desk.example"
INBOUND_SECRET = "inbound-secret"
ADDRESS = "support@desk.example"
MAILBOXES = [
    {
        "id": "support",
        "address": ADDRESS,
        "name": "Support",
        "per_minute": 6000,
        "aliases": ["support@boutique-lumiere.example"],
    },
    {
        "id": "sales",
        "address": "sales@desk.example",
        "name": "Sales",
        "signature": "The Desk, 1 rue X",
        "per_minute": 6000,
    },
]


class Mailer(ServiceProcess):
    """The service; a test may stop it for a moment, or do harm to its parser."""

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid


class MailServer:
    """Takes mail by real SMTP. What it says to a recipient is in ``answers``: the first left is used once.

    To an address that begins with ``silent`` it never says that it took the mail; for ``cut`` the line is dead by then.
    """

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.answers: dict[str, list[str]] = {}
        self.on_taken: dict[str, Callable[[], None]] = {}
        self._told: set[str] = set()
        self.users: list[str] = []
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def told(self, address: str) -> bool:
        """Whether the 250 for a mail to this address is on its way."""
        return address in self._told

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        if self.answers.get(address):
            return self.answers[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if answers := self.answers.get("DATA"):
            return answers.pop(0)
        self.mails.append(envelope)
        first = envelope.rcpt_tos[0]
        if first.startswith("silent"):
            await asyncio.sleep(3600)
        if first.startswith("cut"):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if taken := self.on_taken.pop(first, None):
            taken()
        asyncio.get_running_loop().call_later(0.05, self._told.add, first)
        return "250 Taken"

    def _authenticated(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> Any:
        self.users.append(data.login.decode())
        return AuthResult(success=data.password == b"p@ss", handled=False)

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None, *, from_the_start: bool = False) -> AsyncIterator[None]:
        """Serve; by STARTTLS where there is ``tls``, or by TLS from the first byte."""

        def protocol() -> SMTP:
            return SMTP(
                self,
                tls_context=None if from_the_start else tls,
                authenticator=self._authenticated,
                auth_require_tls=not from_the_start,
                loop=asyncio.get_running_loop(),
            )

        outer = tls if from_the_start else None
        server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", self.port, ssl=outer)
        try:
            yield
        finally:
            server.close()


class Ear:
    """Hears the events of ``mailer``, and publishes those of ``requests``."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self.events: list[dict[str, Any]] = []

    async def take(self, message: Any) -> None:
        async with message.process():
            self.events += events_of(message.body)

    async def say(
        self, event: contract.EmailSubmitted | contract.EmailFiled | contract.VisitorsErased | contract.RequestExpired
    ) -> None:
        body = event.model_dump_json().encode()
        message = aio_pika.Message(body, message_id=event.id, type=event.type, content_type="application/json")
        await self._exchange.publish(message, event.type)

    def emails(self) -> list[dict[str, Any]]:
        return [one["data"] for one in self.events if one["type"] == "mailer.email.received.v1"]

    def email(self, email_id: str) -> dict[str, Any] | None:
        return next((one for one in self.emails() if one["email"]["id"] == email_id), None)

    def changes(self, item_id: str) -> list[dict[str, Any]]:
        """What became of an e-mail, each change once."""
        heard = {one["id"]: one["data"] for one in self.events if one["type"] == "mailer.delivery.changed.v1"}
        return sorted((one for one in heard.values() if one["item_id"] == item_id), key=lambda one: one["version"])

    def states(self, item_id: str) -> list[str]:
        return [one["state"] for one in self.changes(item_id)]

    def detail(self, item_id: str) -> str:
        return self.changes(item_id)[-1]["detail"] or ""


async def eventually(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait until the condition holds, and yield what it says; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not (found := condition()):
            await asyncio.sleep(0.03)
        return found


@pytest.fixture(scope="session")
def secret_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("mailer") / "secret.key"
    file.write_bytes(secrets.token_bytes(48))
    return file


@pytest.fixture(scope="session")
def secret(secret_key_file: Path) -> bytes:
    return secret_key_file.read_bytes()


@pytest.fixture(scope="package")
def servers(rabbitmq_url: str, mongodb_url: str, s3: S3, secret_key_file: Path) -> dict[str, str]:
    """Settings of services that share neither database nor bucket with another package's."""
    mark = secrets.token_hex(4)
    return {
        "GUICHET_RABBITMQ_URL": rabbitmq_url,
        "GUICHET_MONGODB_URL": mongodb_url,
        "GUICHET_DATABASE_PREFIX": f"test_{mark}_",
        "GUICHET_S3_ENDPOINT": s3.endpoint,
        "GUICHET_S3_ACCESS_KEY": s3.access_key,
        "GUICHET_S3_SECRET_KEY": s3.secret_key,
        "GUICHET_ATTACHMENTS_BUCKET": f"test-attachments-{mark}",
        "GUICHET_MAIL_BUCKET": f"test-mail-{mark}",
        "GUICHET_SECRET_KEY_FILE": str(secret_key_file),
    }


@pytest.fixture(scope="package")
def attachments(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    service = ServiceProcess("guichet_attachments", servers, tmp_path_factory.mktemp("attachments") / "log")
    try:
        yield service.start()
    finally:
        service.kill()


@pytest.fixture(scope="package")
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    async with server.running():
        yield server


@pytest.fixture(scope="package")
def door_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By which the service proves who it is where mail comes in."""
    return certificate(tmp_path_factory.mktemp("door") / "cert.pem", "127.0.0.1")


@pytest.fixture(scope="package")
def mailer(
    servers: dict[str, str],
    attachments: ServiceProcess,
    mail_server: MailServer,
    door_certificate: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Mailer]:
    """The service; a test that kills it starts it again. One for all: two would take each other's events."""
    settings = {
        "GUICHET_ATTACHMENTS_URL": attachments.url,
        "GUICHET_MAIL_INBOUND": INBOUND_SECRET,
        "GUICHET_SMTP_PORT": str(free_port()),
        "GUICHET_LMTP_PORT": str(free_port()),
        "GUICHET_SMTP_URL": mail_server.url,
        "GUICHET_SEND_TIMEOUT": "1.5",
        "GUICHET_SEND_RETRIES": "[0.1, 0.2]",
        "GUICHET_PROCESS_LEASE": "2",
        "GUICHET_FILED_WITHIN": "3600",  # nobody files here
        "GUICHET_MAIL_SIZE_LIMIT": "40000000",
        "GUICHET_MAILBOXES": json.dumps(MAILBOXES),
        "GUICHET_MAIL_TLS_CERT_FILE": str(door_certificate),
        "GUICHET_MAIL_TLS_KEY_FILE": str(door_certificate),
        "GUICHET_MAIL_AUTHSERV_IDS": json.dumps([AUTHSERV_ID]),
    }
    service = Mailer("guichet_mailer", servers | settings, tmp_path_factory.mktemp("mailer") / "log")
    try:
        service.start()
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="package")
async def ear(rabbitmq_url: str, mailer: Mailer) -> AsyncIterator[Ear]:
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(EVENTS_EXCHANGE)
        ear = Ear(exchange)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "mailer.#")
        await queue.consume(ear.take)
        yield ear


class Desk:
    """What agents and mail servers do with the service."""

    def __init__(self, service: Mailer, http: httpx2.AsyncClient, ear: Ear, secret: bytes) -> None:
        self.service, self.http, self.ear = service, http, ear
        self.secret = secret
        self._tokens = Tokens(secret, "agents")
        self.agent_id = str(uuid4())

    def headers(self, role: str = "agent") -> dict[str, str]:
        token = self._tokens.issue(self.agent_id, 900, name="Caro Agent", role=role)
        return {"Authorization": f"Bearer {token}"}

    async def inbound(self, raw: bytes, secret: str = INBOUND_SECRET) -> httpx2.Response:
        return await self.http.post("/api/v1/mail/inbound", content=raw, headers={"Authorization": f"Bearer {secret}"})

    async def received(self, raw: bytes) -> dict[str, Any]:
        """Post a mail, and wait for its event."""
        response = await self.inbound(raw)
        assert response.status_code == 202
        return await eventually(lambda: self.ear.email(response.json()["id"]))  # type: ignore[no-any-return]

    async def ends(self, mail_id: str, state: str, seconds: float = 20.0) -> dict[str, Any]:
        """Wait until the mail is in this state, and yield what is shown of it."""
        async with asyncio.timeout(seconds):
            while (shown := await self.state(mail_id))["state"] != state:
                await asyncio.sleep(0.05)
        return shown

    async def state(self, mail_id: str) -> dict[str, Any]:
        while True:
            response = await self.http.get(f"/api/v1/mail/received/{mail_id}", headers=self.headers("supervisor"))
            if response.status_code != httpx2.codes.TOO_MANY_REQUESTS:
                break
            await asyncio.sleep(0.5)
        assert response.status_code == 200, response.text
        return response.json()  # type: ignore[no-any-return]

    async def submit(self, to: str = "jeanne@example.net", **more: Any) -> contract.SubmittedEmail:
        """An agent's e-mail, as ``requests`` publishes it."""
        item_id = more.pop("item_id", None) or new_id()
        email = contract.SubmittedEmail(
            **{
                "request_id": new_id(),
                "request_number": 1042,
                "item_id": item_id,
                "author": contract.EmailAuthor(id=self.agent_id, name="Caro Agent"),
                "to": (contract.EmailAddress(email=to, name="Jeanne Client"),),
                "subject": "Votre commande",
                "text": "Bonjour,\n\noù ? À 10 €.",
                "message_id": f"{item_id}@desk.example",
                "submitted_at": now(),
            }
            | more
        )
        await self.say(email)
        return email

    async def say(self, email: contract.SubmittedEmail) -> None:
        data = contract.EmailSubmittedData(email=email)
        await self.ear.say(contract.EmailSubmitted(id=new_id(), time=now(), subject=email.item_id, data=data))


@pytest.fixture
async def desk(mailer: Mailer, ear: Ear, secret: bytes) -> AsyncIterator[Desk]:
    async with httpx2.AsyncClient(base_url=mailer.url, timeout=60) as http:
        yield Desk(mailer, http, ear, secret)


def mark() -> str:
    """Something that nothing else says."""
    return os.urandom(6).hex()
