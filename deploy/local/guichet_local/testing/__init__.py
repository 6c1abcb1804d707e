"""pytest plugin: real servers for the tests.

Each server is looked for in this order: an address in the environment (GUICHET_TEST_RABBITMQ_URL,
GUICHET_TEST_MONGODB_URL, GUICHET_TEST_S3_URL with the keys as user and password), a container where an engine
answers and has the image, a private local process. None is an error, never a skip. A server starts only when a
collected test asks for it, and then in the background, while the first tests run.
"""

import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import pytest

from guichet_local.servers import rabbitmq
from guichet_local.testing import containers
from guichet_local.testing.background import Background
from guichet_local.testing.browser import browser as browser
from guichet_local.testing.clamav import clamav as clamav
from guichet_local.testing.databases import Databases
from guichet_local.testing.mail import MailServers
from guichet_local.testing.sources import RECIPES, Given, LocalProcess, Source
from guichet_local.testing.stack import GivenStack, Stack

KINDS = {"rabbitmq": "rabbitmq_url", "mongodb": "mongodb_url", "s3": "s3"}
WORKERS = 4
"""Service tests mostly wait for servers: twice as many processes as the two processors that they are made for."""
HOW_TO_GET = "set GUICHET_TEST_{}_URL, or run `make up` once: it installs what the tests need"


@dataclass(frozen=True)
class S3:
    """An object store: `endpoint` is http://host:port."""

    endpoint: str
    access_key: str
    secret_key: str


class TestServers:
    """The servers of one test run, chosen at its start."""

    __test__ = False

    def __init__(self) -> None:
        self.background = Background()
        self.sources = {kind: _choose(kind, self.background) for kind in KINDS}
        self.restartable = LocalProcess(RECIPES["rabbitmq"], self.background)

    def url(self, kind: str) -> str:
        """The address of a server. Ends the run when there is none: nothing would be proven without it."""
        source = self.sources[kind]
        if source is None:
            pytest.exit(f"no {kind} for the tests: {HOW_TO_GET.format(kind.upper())}", returncode=3)
        return source.url()

    def stop(self) -> None:
        """Stops all that was started."""
        for source in (*self.sources.values(), self.restartable):
            if source is not None:
                source.stop()
        self.background.close()


def _setting(kind: str) -> str:
    return f"GUICHET_TEST_{kind.upper()}_URL"


def _choose(kind: str, background: Background) -> Source | None:
    setting = _setting(kind)
    if url := os.environ.get(setting):
        return Given(setting, url)
    if container := containers.find(kind):
        return container
    recipe = RECIPES[kind]
    return LocalProcess(recipe, background) if recipe.executable() else None


SERVERS = pytest.StashKey[TestServers]()


def pytest_configure(config: pytest.Config) -> None:
    """Chooses the servers; starts nothing."""
    config.stash[SERVERS] = TestServers()


def pytest_xdist_auto_num_workers() -> int:
    """Into how many processes ``--numprocesses auto`` splits a run: each needs a broker for its services' queues."""
    return 1 if os.environ.get(_setting("rabbitmq")) else WORKERS


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Tells which servers the run uses."""
    chosen = config.stash[SERVERS].sources
    return [f"{kind}: {source.description if source else 'none found'}" for kind, source in chosen.items()]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begins to start what the collected tests need, so that the slow ones are ready when asked for."""
    if session.config.option.collectonly:
        return
    servers = session.config.stash[SERVERS]
    asked_for = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    for kind, fixture in KINDS.items():
        if fixture in asked_for and (source := servers.sources[kind]):
            source.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the servers of the run."""
    config.stash[SERVERS].stop()


@pytest.fixture(scope="session")
def rabbitmq_url(pytestconfig: pytest.Config) -> str:
    """A broker that all tests share; queues and exchanges need names of their own."""
    return pytestconfig.stash[SERVERS].url("rabbitmq")


@pytest.fixture(scope="session")
def mongodb_url(pytestconfig: pytest.Config) -> str:
    """A replica set that all tests share; databases need names of their own."""
    return pytestconfig.stash[SERVERS].url("mongodb")


@pytest.fixture(scope="session")
async def databases(mongodb_url: str) -> AsyncIterator[Databases]:
    """Databases for tests of stores, each test's own one empty."""
    made = Databases(mongodb_url)
    yield made
    await made.drop()


@pytest.fixture(scope="session")
def s3(pytestconfig: pytest.Config) -> S3:
    """An object store that all tests share; buckets need names of their own."""
    parts = urlsplit(pytestconfig.stash[SERVERS].url("s3"))
    return S3(f"{parts.scheme}://{parts.hostname}:{parts.port}", parts.username or "", parts.password or "")


class RabbitMQServer:
    """A broker of one's own, always a local process, that a test may stop, kill and restart."""

    def __init__(self, source: LocalProcess) -> None:
        self.url = source.url()
        self._group, self._ports = source.group, source.ports

    async def stop(self) -> None:
        """Stops the broker in an orderly way, until `start`."""
        await self._group.stop("rabbitmq")

    async def start(self) -> None:
        """Starts it again; returns when it is ready."""
        await self._group.start("rabbitmq")

    async def restart(self) -> None:
        """Stops it and starts it again; returns when it is ready."""
        await self._group.restart("rabbitmq")

    async def kill(self) -> None:
        """Kills it as a crash would (SIGKILL) and returns at once; it comes back by itself."""
        self._group.kill("rabbitmq")

    async def ready(self) -> None:
        """Returns when it is ready."""
        await self._group.ready("rabbitmq")

    async def takes_nothing(self, alarm: bool) -> None:
        """Raises or lifts the memory alarm: the broker keeps its connections and takes no message on them."""
        await self.control("set_vm_memory_high_watermark", "0.0000001" if alarm else "0.4")

    def signal(self, number: signal.Signals) -> None:
        """Sends the broker a signal, as SIGSTOP and SIGCONT."""
        os.kill(self._group.pid("rabbitmq"), number)

    async def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` says. Raises RuntimeError when it fails."""
        data = self._group.data
        node = rabbitmq.node(data.of("rabbitmq"), self._ports, data.secrets().rabbitmq_password)
        return await rabbitmq.control(node, *arguments)


@pytest.fixture(scope="session")
def _own_rabbitmq(pytestconfig: pytest.Config) -> RabbitMQServer:
    return RabbitMQServer(pytestconfig.stash[SERVERS].restartable)


@pytest.fixture(scope="session")
def other_rabbitmq_url(_own_rabbitmq: RabbitMQServer) -> str:
    """A second broker: for services that must not share their queues with the same ones of other tests."""
    return _own_rabbitmq.url


@pytest.fixture
async def rabbitmq_server(_own_rabbitmq: RabbitMQServer) -> RabbitMQServer:
    """A broker that this test may stop, kill and restart; it runs when the test begins."""
    await _own_rabbitmq.ready()
    return _own_rabbitmq


class StartsMail(Protocol):
    """Starts Postfix and Dovecot; `routes` as in `MailServers`."""

    def __call__(self, routes: Mapping[str, str]) -> MailServers: ...


@pytest.fixture(scope="module")
def mail_servers(pytestconfig: pytest.Config) -> Iterator[StartsMail]:
    """Postfix and Dovecot for the tests of one module, which says where its domains' mail goes."""
    started: list[MailServers] = []

    def start(routes: Mapping[str, str]) -> MailServers:
        started.append(MailServers(pytestconfig.stash[SERVERS].background, routes))
        return started[-1].run()

    yield start
    for servers in started:
        servers.stop_all()


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Iterator[Stack | GivenStack]:
    """The whole system behind its gateway, as `make up` runs it with ClamAV, in a temporary folder on free ports.

    Or one that runs already, at GUICHET_TEST_STACK_URL: the desk's origin and the demo site's, with a space between.
    """
    if addresses := os.environ.get("GUICHET_TEST_STACK_URL"):
        yield GivenStack(*addresses.split())
        return
    clamav: str = request.getfixturevalue("clamav")
    running = Stack(pytestconfig.stash[SERVERS].background, {"GUICHET_CLAMD": clamav})
    try:
        running.start_all()
        yield running
    finally:
        running.stop_all()
