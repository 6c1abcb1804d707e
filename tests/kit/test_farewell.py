"""A service that is told to end takes leave first: not ready, nobody new, and those it has are served on."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx2
import pytest
import uvicorn
from guichet_kit import http as http_module
from guichet_kit.health import Health
from guichet_kit.http import FarewellServer, create_app
from guichet_local.ports import free_port


@pytest.fixture(autouse=True)
def unharmed() -> Iterator[None]:
    """The signal, which the server raises again when it has ended, does not end the tests."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGTERM, before)


@dataclass
class Leaving:
    """A server whose farewell lasts until the test lets it go."""

    server: FarewellServer
    url: str
    begun: asyncio.Event
    enough: asyncio.Event


@pytest.fixture
async def leaving() -> AsyncIterator[Leaving]:
    port, begun, enough = free_port(), asyncio.Event(), asyncio.Event()

    async def farewell() -> None:
        begun.set()
        await enough.wait()

    app = create_app("Test", health=Health(), farewell=farewell)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1)
    leaving = Leaving(FarewellServer(config, app.state.farewell), f"http://127.0.0.1:{port}", begun, enough)
    serving = asyncio.create_task(leaving.server.serve())
    async with asyncio.timeout(30):
        while not leaving.server.started:
            await asyncio.sleep(0.01)
    yield leaving
    leaving.enough.set()
    leaving.server.should_exit = True
    await serving


@pytest.fixture
async def client(leaving: Leaving) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=leaving.url, timeout=30) as client:
        yield client


class TestASignal:
    async def test_takes_the_readiness_first_and_serves_who_is_connected(
        self, leaving: Leaving, client: httpx2.AsyncClient
    ) -> None:
        assert (await client.get("/readyz")).status_code == 200
        leaving.server.handle_exit(signal.SIGTERM, None)
        async with asyncio.timeout(30):
            await leaving.begun.wait()
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).status_code == 200
        with pytest.raises(httpx2.ConnectError):
            await httpx2.AsyncClient(base_url=leaving.url).get("/livez")

    async def test_ends_the_server_when_the_farewell_is_over(self, leaving: Leaving) -> None:
        leaving.server.handle_exit(signal.SIGTERM, None)
        async with asyncio.timeout(30):
            await leaving.begun.wait()
        assert not leaving.server.should_exit
        leaving.enough.set()
        await ended(leaving)

    async def test_ends_it_when_the_farewell_takes_too_long(
        self, leaving: Leaving, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(http_module, "FAREWELL_SECONDS", 0.01)
        leaving.server.handle_exit(signal.SIGTERM, None)
        await ended(leaving)

    async def test_a_second_one_ends_it_at_once(self, leaving: Leaving) -> None:
        for _ in range(2):
            leaving.server.handle_exit(signal.SIGTERM, None)
        assert leaving.server.should_exit


async def ended(leaving: Leaving) -> None:
    async with asyncio.timeout(30):
        while not leaving.server.should_exit:
            await asyncio.sleep(0.01)
