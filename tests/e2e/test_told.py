"""Nobody has to look all the time: agents are told of what is new, and a customer of the answer."""

import asyncio
import re
from typing import Any

from guichet_local.testing.stack import Stack
from playwright.async_api import Page, expect

from .axe import violations
from .conftest import People
from .pages import ConsolePage, CustomerPage

LISTENING = """() => {
  window.shown = [];
  window.notes = 0;
  const { Notification } = window;
  window.Notification = class extends Notification {
    constructor(title, options) {
      super(title, options);
      window.shown.push({ title, ...options });
      window.last = this;
    }
  };
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...when) {
    window.notes += 1;
    return start.apply(this, when);
  };
}"""
"""Keeps what a page asked the system to show, and how many notes it played."""


async def listening(people: People, far: bool, *permissions: str) -> Page:
    """A window in which one sees what the system was asked for."""
    page = await people(far)
    await page.context.grant_permissions(list(permissions))
    await page.add_init_script(f"({LISTENING})()")
    return page


async def shown(page: Page, awaited: int = 0) -> list[dict[str, Any]]:
    """The notifications that the page asked for, once there are so many."""
    # Not `wait_for_function`, which the page's own policy forbids.
    async with asyncio.timeout(30):
        while len(found := list(await page.evaluate("window.shown"))) < awaited:
            await asyncio.sleep(0.05)
    return found


async def icon(page: Page) -> str:
    """The address of the tab's icon."""
    return await page.get_attribute("link[rel=icon]", "href") or ""


class TestWhatIsNew:
    async def test_is_told_to_agents_until_they_look_and_to_the_customer_over_the_launcher(
        self, people: People, stack: Stack, mark: str
    ) -> None:
        caro = await ConsolePage(await listening(people, False, "notifications")).sign_in(stack.gateway)
        alex = await ConsolePage(await listening(people, False)).sign_in(stack.gateway, "alex@example.com")
        page, words = caro.page, caro.words

        # Caro chooses notifications, and goes to the contacts.
        menu = page.get_by_role("button", name=words["app.menu"].format(name="Caro Agent", initials="CA"))
        await menu.click()
        await page.get_by_role("menuitem", name=words["told.title"]).click()
        dialog = page.get_by_role("dialog", name=words["told.title"])
        await dialog.get_by_role("checkbox", name=words["told.notify"]).check()
        await dialog.get_by_role("checkbox", name=words["told.silence.on"]).check()
        await expect(dialog.get_by_label(words["told.silence.from"], exact=True)).to_have_value("19:00")
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await violations(page) == []
        await dialog.get_by_role("checkbox", name=words["told.silence.on"]).uncheck()
        await dialog.get_by_role("button", name=words["app.close"]).click()
        await expect(menu).to_be_focused()
        await page.get_by_role("link", name=words["places.contacts"]).click()
        title = f"{words['places.contacts']} · {words['app.name']}"
        await expect(page).to_have_title(title)
        assert "told" not in await icon(page)

        # A chat comes in.
        ada = await CustomerPage(await listening(people, True)).visit(f"{stack.gateway}/demo")
        await ada.write(f"Ma lampe clignote {mark}")
        await expect(page).to_have_title(f"(1) {title}")
        assert "told" in await icon(page)
        (notification,) = await shown(page, 1)
        assert await page.evaluate("window.notes") > 0
        assert re.match(f"{words['visitor']} ....$", notification["title"])
        assert notification["body"] == f"Ma lampe clignote {mark}"
        await expect(alex.page).to_have_title(f"(1) {words['app.name']}")

        # Alex opens it; that he takes it ends it for Caro, who was not told again.
        await alex.row(mark).click()
        await expect(alex.page).to_have_title(re.compile(r"^#\d+ "))
        await alex.page.get_by_role("button", name=words["assign.toMe"], exact=True).click()
        await expect(page).to_have_title(title)
        assert len(await shown(page)) == 1
        assert await shown(alex.page) == [], "he did not ask for any"

        # The customer has closed the chat when the answer comes.
        site = await ada.page.title()
        await ada.page.get_by_role("button", name=ada.outside["close"]).click()
        await alex.write(f"Quelle ampoule ? {mark}")
        preview = ada.widget.get_by_role("button", name=f"Quelle ampoule ? {mark}")
        await expect(preview).to_be_visible()
        await expect(ada.page).to_have_title(re.compile(rf"^\(1\)\W+{re.escape(site)}$"))
        frame = next(frame for frame in ada.page.frames if "/widget/frame.html" in frame.url)
        assert await violations(frame) == []
        assert await frame.evaluate("window.notes") > 0
        await ada.widget.get_by_role("button", name="Masquer cet aperçu").click()
        await expect(preview).to_be_hidden()
        await expect(ada.launcher).to_have_accessible_name(re.compile("1 message non lu"))
        await ada.page.reload()
        await expect(ada.launcher).to_have_accessible_name(re.compile("1 message non lu"))
        await expect(ada.page).to_have_title(re.compile(r"^\(1\)"))
        await expect(preview).to_be_hidden()

        # The next one shows again; a click on it opens the chat, and all is read.
        await alex.write(f"Et depuis quand ? {mark}")
        await ada.widget.get_by_role("button", name=f"Et depuis quand ? {mark}").click()
        await expect(ada.box).to_be_visible()
        await expect(ada.log.get_by_text(f"Et depuis quand ? {mark}")).to_be_visible()
        await expect(ada.page).to_have_title(site)

        # Caro is told of what is hers, wherever she is; a click on the notification brings her there.
        his = words["assign.assigned"].format(name="Alex Martin", initials="AM")
        await alex.page.get_by_role("button", name=his).click()
        picker = alex.page.get_by_role("dialog", name=his)
        await picker.get_by_role("button", name=re.compile("Caro Agent")).click()
        await expect(page).to_have_title(f"(1) {title}")
        assert (await shown(page, 2))[-1]["body"] == words["told.assigned"]
        await page.evaluate("window.last.onclick()")
        await expect(caro.log.get_by_text(f"Et depuis quand ? {mark}")).to_be_visible()
        await expect(page).to_have_title(re.compile(r"^#\d+ "))
