"""Two people before two real browsers, and the whole system behind one gateway."""

import re
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from guichet_local.settings import WORKSPACE
from guichet_local.testing.browser import ARGUMENTS
from guichet_local.testing.stack import Stack
from playwright.async_api import Browser, BrowserContext, Page, Response, async_playwright

from .network import Network
from .pages import ConsolePage, CustomerPage

NOT_OURS = ("net::ERR_", "Failed to load resource", "WebSocket connection to")
"""What the browser itself says of a network that the test has cut."""


People = Callable[..., Awaitable[Page]]
"""Gives somebody a browser window; true for a customer, whose network can be cut; then the ``locale`` (fr-FR)."""


_COMPLAINT = re.compile(r'"level": ?"(?:warning|error|critical)".*"timestamp": ?"(?P<at>[^"]+)"')
_COMPLAINTS_SHOWN = 20

FAILED = pytest.StashKey[bool]()
UNANSWERED = pytest.StashKey[list[str]]()
"""What pages asked for and did not get, which explains many a part that never shows."""
SCREENS = WORKSPACE / ".cache" / "failures"
"""What people saw when a test failed."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show beside a failure what the services complained of meanwhile: their logs go with the stack."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    if report.failed and (unanswered := item.stash.get(UNANSWERED, [])):
        report.sections.append(("what pages asked for in vain", "\n".join(unanswered)))
    funcargs: dict[str, Any] = getattr(item, "funcargs", {})
    if report.failed and "stack" in funcargs:
        for log in sorted(funcargs["stack"].logs.iterdir()):
            lines = log.read_text(errors="replace").splitlines()
            complaints = [line[:400] for line in lines if _is_complaint(line, report.start)][-_COMPLAINTS_SHOWN:]
            if complaints:
                report.sections.append((f"last complaints of {log.stem}", "\n".join(complaints)))
    return report


def _is_complaint(line: str, since: float) -> bool:
    said = _COMPLAINT.search(line)
    return said is not None and datetime.fromisoformat(said["at"]).timestamp() > since


@pytest.fixture
def mark() -> str:
    """A word that appears in this test only."""
    return secrets.token_hex(3)


# Once for a module: a browser takes seconds to start. What tests keep apart are windows, which share no connection.
@pytest.fixture(scope="module")
async def line(stack: Stack) -> AsyncIterator[Network]:
    """The customer's network, which is mended after each test that may have cut it."""
    port = urlsplit(stack.gateway).port
    assert port is not None
    async with Network(port).running() as running:
        yield running


@pytest.fixture
def network(line: Network) -> Generator[Network, None, None]:
    """The customer's network, for a test that cuts it."""
    yield line
    line.mend()


@pytest.fixture(scope="module")
async def far_browser(stack: Stack, line: Network) -> AsyncIterator[Browser]:
    """A browser that reaches the gateway through the customer's network."""
    reroute = f"--host-resolver-rules=MAP {urlsplit(stack.gateway).netloc} 127.0.0.1:{line.listens_on}"
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*ARGUMENTS, reroute]
        )
        yield launched
        await launched.close()


def watch(page: Page, complaints: list[str], unanswered: list[str]) -> None:
    """Note the page's script errors, what its console complains of but the network, and what it asked for in vain."""

    def answered(response: Response) -> None:
        if response.status >= 400:
            unanswered.append(f"{response.request.method} {response.url}: {response.status}")

    page.on("response", answered)
    page.on("requestfailed", lambda asked: unanswered.append(f"{asked.method} {asked.url}: {asked.failure}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type == "error" and not any(part in message.text for part in NOT_OURS)
            else None
        ),
    )


@pytest.fixture
async def people(browser: Browser, far_browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[People]:
    """Give somebody a browser window of their own; at the end, no page may have complained."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    unanswered = request.node.stash.setdefault(UNANSWERED, [])

    async def sit_down(far: bool, locale: str = "fr-FR") -> Page:
        context = await (far_browser if far else browser).new_context(
            locale=locale, timezone_id="Europe/Paris", viewport={"width": 1280, "height": 800}
        )
        contexts.append(context)
        page = await context.new_page()
        watch(page, complaints, unanswered)
        return page

    yield sit_down
    if request.node.stash[FAILED]:
        SCREENS.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(page for context in contexts for page in context.pages):
            await page.screenshot(path=SCREENS / f"{request.node.name}-{number}.png")
    for context in contexts:
        await context.close()
    assert complaints == []


@pytest.fixture
async def ada(people: People, stack: Stack) -> CustomerPage:
    """A customer on the demo site, with the chat open, behind a network that can be cut."""
    return await CustomerPage(await people(True)).visit(f"{stack.gateway}/demo")


@pytest.fixture
async def caro(people: People, stack: Stack) -> ConsolePage:
    """An agent, signed in."""
    return await ConsolePage(await people(False)).sign_in(stack.gateway)
