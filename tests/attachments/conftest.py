"""The service as a real process, on real servers, with a database and a bucket of its own."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from guichet_contracts.claims import ServiceClaims, ServiceScope, calls_of
from guichet_kit.mongo import Collection, open_client
from guichet_kit.objects import ObjectStore
from guichet_kit.tokens import Tokens
from guichet_local.testing import S3
from guichet_local.testing.service import ServiceProcess
from guichet_local.testing.signing import SIGNING

MODULE = "guichet_attachments"
URL = "/api/v1/attachments"


@dataclass(frozen=True)
class Someone:
    """A person, and the headers that prove it."""

    id: str
    headers: dict[str, str]


@pytest.fixture(scope="session")
def secret_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("attachments") / "secret.key"
    file.write_bytes(secrets.token_bytes(48))
    return file


@pytest.fixture(scope="session")
def run_mark() -> str:
    """Tells this run's buckets from another's. They are few and used again: SeaweedFS sets room aside for each."""
    return secrets.token_hex(4)


@pytest.fixture
async def bucket(s3: S3, run_mark: str) -> AsyncIterator[str]:
    """A bucket for one test at a time, empty."""
    name = f"test-attachments-{run_mark}"
    yield name
    objects = ObjectStore(s3.endpoint, s3.access_key, s3.secret_key, name)
    await objects.ensure_bucket()
    for item in await objects.page():
        await objects.remove(item.name)
    objects.close()


@pytest.fixture(scope="session")
def make_environment(
    rabbitmq_url: str, mongodb_url: str, s3: S3, secret_key_file: Path
) -> Callable[[str], dict[str, str]]:
    """Settings of a service with this bucket, and a database of its own."""

    def make(bucket: str) -> dict[str, str]:
        return {
            "GUICHET_RABBITMQ_URL": rabbitmq_url,
            "GUICHET_MONGODB_URL": mongodb_url,
            "GUICHET_DATABASE_PREFIX": f"test_{secrets.token_hex(4)}_",
            "GUICHET_S3_ENDPOINT": s3.endpoint,
            "GUICHET_S3_ACCESS_KEY": s3.access_key,
            "GUICHET_S3_SECRET_KEY": s3.secret_key,
            "GUICHET_ATTACHMENTS_BUCKET": bucket,
            "GUICHET_SECRET_KEY_FILE": str(secret_key_file),
            **SIGNING.environment("attachments"),
        }

    return make


@pytest.fixture
def unstarted(
    make_environment: Callable[[str], dict[str, str]], bucket: str, tmp_path: Path
) -> Iterator[ServiceProcess]:
    """A service of this test alone."""
    service = ServiceProcess(MODULE, make_environment(bucket), tmp_path / "service.log")
    yield service
    service.kill()


@pytest.fixture(scope="module")
def service(
    make_environment: Callable[[str], dict[str, str]], run_mark: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """A running service that the tests of a module share. No longer: two would take each other's events."""
    environment = make_environment(f"test-attachments-{run_mark}-shared")
    service = ServiceProcess(MODULE, environment, tmp_path_factory.mktemp("attachments") / "service.log").start()
    yield service
    service.stop()


class Desk:
    """What people do with a service over HTTP, and what is left of it in its bucket and its database."""

    def __init__(
        self, service: ServiceProcess, http: httpx2.AsyncClient, objects: ObjectStore, files: Collection
    ) -> None:
        self.service, self.http, self.objects, self.files = service, http, objects, files

    def visitor(self) -> Someone:
        """A new visitor with a session."""
        return self._someone("visitors")

    def form(self) -> Someone:
        """Somebody who fills in a web form."""
        return self._someone("forms")

    def agent(self, role: str = "agent") -> Someone:
        """A new agent, signed in."""
        return self._someone("agents", role=role)

    def mail(self, scope: ServiceScope = "files:give") -> Someone:
        """A mail that came in, whose files `mailer` gives."""
        mail_id = str(uuid4())
        said = ServiceClaims("mailer", frozenset({scope}), mail_id)
        tokens = Tokens(SIGNING.keys("mailer"), calls_of("attachments"))
        token = tokens.issue(said.subject, 900, **said.claims())
        return Someone(mail_id, {"Authorization": f"Bearer {token}"})

    async def upload(
        self, who: Someone, name: str, content: bytes, scope: str = "visitor", **form: str
    ) -> httpx2.Response:
        """Upload a file, as a browser's form does."""
        return await self.http.post(
            URL, headers=who.headers, files={"file": (name, content)}, data={"scope": scope, **form}
        )

    async def read(self, who: Someone, file_id: str, **headers: str) -> httpx2.Response:
        """Download a file."""
        return await self.http.get(f"{URL}/{file_id}", headers=who.headers | headers)

    async def stored(self) -> set[str]:
        """The names of the objects in the bucket."""
        return {item.name for item in await self.objects.page()}

    def _someone(self, audience: str, **claims: str) -> Someone:
        person = str(uuid4())
        token = SIGNING.tokens(audience).issue(person, 900, **claims)
        return Someone(person, {"Authorization": f"Bearer {token}"})


@asynccontextmanager
async def desk_of(service: ServiceProcess) -> AsyncIterator[Desk]:
    """The desk of a running service."""
    setting = service.environment
    objects = ObjectStore(
        setting["GUICHET_S3_ENDPOINT"],
        setting["GUICHET_S3_ACCESS_KEY"],
        setting["GUICHET_S3_SECRET_KEY"],
        setting["GUICHET_ATTACHMENTS_BUCKET"],
    )
    client = open_client(setting["GUICHET_MONGODB_URL"], "pymongo", "test")
    files = client.database(setting["GUICHET_DATABASE_PREFIX"] + "attachments")["attachments"]
    async with httpx2.AsyncClient(base_url=service.url, timeout=30) as http:
        yield Desk(service, http, objects, files)
    await client.close()
    objects.close()


@pytest.fixture
async def desk(service: ServiceProcess) -> AsyncIterator[Desk]:
    """The desk of the module's service."""
    async with desk_of(service) as desk:
        yield desk


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)
