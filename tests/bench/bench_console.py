"""How fluent the console is with 100,000 contacts and requests, against the same with 1,000: `make bench`."""

import asyncio
import os
import statistics
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from guichet_chat.conversation import Author, Draft
from guichet_chat.log.committer import Committer
from guichet_chat.log.known import Known
from guichet_chat.log.outbox import LogOutbox
from guichet_chat.log.store import WriterStore
from guichet_chat.store import Store
from guichet_chat.usecases import Chat
from guichet_kit.clock import now
from guichet_kit.mongo import open_client
from guichet_local.testing.stack import Stack
from playwright.async_api import Browser, Page, Request, expect

from ..e2e.pages import ConsolePage
from .bases import Unheard, fill
from .page import write_section

SMALL, LARGE = 1_000, 100_000
SHORT, LONG = 20, 2_000
"""Messages of an open conversation."""
ROUNDS = 3

EXPLAINED = """\
The console in Chromium, before the whole system behind its gateway, with {small} contacts and requests, then with
{large} of each, and with an open conversation of {short}, then {long} messages; medians of {rounds} rounds. *Longest
frame* is the longest time between two frames while the step lasts (17 ms: nothing was late); *blocked*, how long tasks
were over 50 ms, together; *slowest answer*, of the requests that the step makes. The machine's load meanwhile: {loads}.

| | longest frame, ms | blocked, ms | slowest answer, ms |
| --- | ---: | ---: | ---: |
{rows}
"""

_WATCH = """
(() => {
  const seen = (window.seen = { gaps: [], blocked: 0 });
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.blocked += task.duration - 50;
  }).observe({ type: "longtask" });
  let last = performance.now();
  const frame = (now) => {
    seen.gaps.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})();
"""
_BEGIN = "() => { seen.gaps.length = 0; seen.blocked = 0; }"
# Two frames: what the last answer has changed is on the screen then.
_END = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
  done([Math.max(0, ...seen.gaps), seen.blocked]))))"""


@dataclass
class Measured:
    """Of one step, in milliseconds, a value for each round."""

    frame: list[float] = field(default_factory=list)
    """The longest time between two frames."""
    blocked: list[float] = field(default_factory=list)
    """How long tasks were over 50 ms, together."""
    answer: list[float] = field(default_factory=list)
    """The slowest answer of the server."""


class Journey:
    """What an agent does in a day, in a minute; measured."""

    def __init__(self, page: Page) -> None:
        self.console, self.page = ConsolePage(page), page
        self.steps: defaultdict[str, Measured] = defaultdict(Measured)
        self._answers: list[float] = []
        page.on("requestfinished", self._answered)

    def _answered(self, request: Request) -> None:
        if "/api/v1/" in request.url:
            self._answers.append(request.timing["responseEnd"])

    async def step(self, name: str, act: Callable[[], Awaitable[object]]) -> None:
        """Measure one step, until it is done and drawn."""
        self._answers.clear()
        await self.page.evaluate(_BEGIN)
        await act()
        await self.settled()
        frame, blocked = await self.page.evaluate(_END)
        measured = self.steps[name]
        measured.frame.append(frame)
        measured.blocked.append(blocked)
        measured.answer.append(max(self._answers, default=0.0))

    async def settled(self) -> None:
        """Wait until nothing is loading any more."""
        await self.page.wait_for_load_state("networkidle")
        await expect(self.page.locator(".rows[aria-busy=false]")).to_be_visible()
        await expect(self.console.rows.first).to_be_visible()

    async def round(self) -> None:
        """All steps once."""
        page, rows, words = self.page, self.console.rows, self.console.words
        card = page.get_by_role("complementary", name=words["request.card"])

        async def scroll() -> None:
            await page.get_by_role("list", name=words["requests.title"]).hover(position={"x": 150, "y": 300})
            for _ in range(60):
                await page.mouse.wheel(0, 900)
                await page.wait_for_timeout(40)

        async def views() -> None:
            for view in ("open", "mine", "unassigned", "all"):
                await self.console.view(words[f"requests.view.{view}"])
                await self.settled()

        async def filters() -> None:
            for name, value in (("channel", "web_form"), ("status", "in_progress"), ("status", "closed")):
                await page.get_by_label(words[f"requests.filter.{name}"]).select_option(value)
                await self.settled()
            await page.get_by_role("button", name=words["requests.filter.clear"]).click()

        async def search() -> None:
            await page.keyboard.press("/")
            await page.keyboard.type("marie martin 792", delay=90)
            await expect(rows.first).to_contain_text("Marie Martin")
            await page.wait_for_timeout(400)

        async def open_request() -> None:
            await page.keyboard.press("Escape")
            await rows.first.click()
            await expect(self.console.log.get_by_text("où en est ma commande")).to_be_visible()

        async def walk() -> None:
            await page.keyboard.press("Escape")
            for key in "j" * 30 + "k" * 10:
                await page.keyboard.press(key)
            await page.keyboard.press("Enter")
            await expect(self.console.log.get_by_text("où en est ma commande")).to_be_visible()

        async def find_contact() -> None:
            await card.get_by_label(words["contact.search"]).press_sequentially("marie martin 06", delay=90)
            await expect(card.get_by_role("option").first).to_be_visible()
            await page.wait_for_timeout(300)

        await self.step("sign in again and show the list", page.reload)
        await self.step("scroll 54,000 px through the list", scroll)
        await self.step("show the four views", views)
        await self.step("filter by channel and status, and clear", filters)
        await self.step("search a request as one types", search)
        await self.step("open it", open_request)
        await page.get_by_role("button", name=words["requests.filter.clear"]).click()
        await self.settled()
        await self.step("walk by j and k, and open another", walk)
        if await card.get_by_role("button", name=words["contact.unlink"]).count():
            await card.get_by_role("button", name=words["contact.unlink"]).click()
        await self.step("search a contact as one types", find_contact)

    async def conversation(self, mark: str) -> None:
        """All that was said in an open conversation."""
        page, log = self.page, self.console.log

        async def open_it() -> None:
            await self.console.row(mark).click()
            await expect(log.get_by_text(f"last {mark}")).to_be_visible()

        async def scroll() -> None:
            await log.hover()
            for _ in range(40):
                await page.mouse.wheel(0, -1_500)
                await page.wait_for_timeout(40)

        async def write() -> None:
            await self.console.box.press_sequentially("Bonjour, je regarde cela.", delay=40)

        await self.step("open a long conversation", open_it)
        await self.step("scroll 60,000 px up in it", scroll)
        await self.step("write in it", write)
        await self.console.box.fill("")


async def talk(stack: Stack, messages: int, mark: str) -> None:
    """An open conversation of so many messages; the system tells of it, as of what a process wrote that has ended."""
    mongo = open_client(stack.mongodb_url, "pymongo", "bench")
    database = mongo.database("guichet_chat")
    store, known = Store(database), Known()
    writers = WriterStore(store, database["writers"])
    numbers = LogOutbox(store, writers, Unheard())
    chat = Chat(store, Unheard(), Committer(store, numbers, known), known)
    visitor = await chat.begin_session(None, "demo", None, None)
    ada, caro = Author("visitor", visitor.id), Author("agent", "bench-caro", "Caro Agent")
    for number in range(messages - 1):
        draft = Draft(
            str(uuid.uuid4()), caro if number % 3 == 2 else ada, text=f"Message {number}: où en est la lampe ?"
        )
        posted = await chat.post_visitor_message(visitor.id, draft)
    await chat.post_message(posted.conversation, Draft(str(uuid.uuid4()), ada, text=f"last {mark}"))
    await writers.leave(numbers.writer, 0, now())
    requests = mongo.database("guichet_requests")["requests"]
    while not await requests.find_one({"visitor.id": visitor.id, "conversations.last_seq": messages}):
        await asyncio.sleep(0.5)
    await mongo.close()


@pytest.mark.timeout(1800)
class TestTheConsole:
    async def test_with_a_small_and_a_large_base(self, stack: Stack, browser: Browser) -> None:
        told: list[dict[str, Measured]] = []
        loads: list[str] = []
        for numbers, messages in ((range(SMALL), SHORT), (range(SMALL, LARGE), LONG)):
            mark = uuid.uuid4().hex[:6]
            await fill(stack.mongodb_url, numbers)
            await talk(stack, messages, mark)
            context = await browser.new_context(locale="fr-FR", viewport={"width": 1440, "height": 900})
            await context.add_init_script(_WATCH)
            page = await context.new_page()
            journey = Journey(page)
            await journey.console.sign_in(stack.gateway)
            await journey.settled()
            for _ in range(ROUNDS):
                await journey.conversation(mark)
                await page.goto(stack.gateway)
                await journey.settled()
                await journey.round()
                await page.goto(stack.gateway)
                await journey.settled()
            told.append(journey.steps)
            loads.append(f"{os.getloadavg()[0]:.0f}")
            await context.close()
        rows = "\n".join(line(name, *(steps[name] for steps in told)) for name in told[0])
        sizes = {"small": f"{SMALL:,}", "large": f"{LARGE:,}", "short": SHORT, "long": f"{LONG:,}", "rounds": ROUNDS}
        write_section("Console", EXPLAINED.format(**sizes, rows=rows, loads=" → ".join(loads)))


def line(name: str, small: Measured, large: Measured) -> str:
    """A step with both bases."""

    def pair(before: list[float], after: list[float]) -> str:
        return f"{statistics.median(before):.0f} → {statistics.median(after):.0f}"

    told = (pair(small.frame, large.frame), pair(small.blocked, large.blocked), pair(small.answer, large.answer))
    return f"| {name} | {' | '.join(told)} |"
