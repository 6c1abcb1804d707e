"""What the tests of the kit share: names of their own on servers that all tests share, and a patient look."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import structlog
from guichet_kit.mongo import Database, MongoClient, open_client

WAIT_SECONDS = 20.0


def unique(name: str) -> str:
    """A name that no other test uses."""
    return f"{name}-{secrets.token_hex(4)}"


async def eventually(look: Callable[[], Awaitable[bool]], seconds: float = WAIT_SECONDS) -> None:
    """Return as soon as ``look`` finds what it looks for; `TimeoutError` when it does not."""
    async with asyncio.timeout(seconds):
        while not await look():  # noqa: ASYNC110  what is looked at lives in a server and sets no event
            await asyncio.sleep(0.02)


@pytest.fixture(scope="session", autouse=True)
def _plain_tracebacks() -> None:
    """The default tracebacks take seconds each, and errors are provoked here."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


@pytest.fixture(params=["pymongo", "motor"])
async def mongo(request: pytest.FixtureRequest, mongodb_url: str) -> AsyncIterator[MongoClient]:
    """A client of either driver."""
    client = open_client(mongodb_url, request.param, "tests")
    yield client
    await client.close()


@pytest.fixture
async def database(mongo: MongoClient) -> AsyncIterator[Database]:
    """An empty database through either driver."""
    made = mongo.database(unique("test-kit"))
    yield made
    await made.command("dropDatabase")
