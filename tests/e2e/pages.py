"""What a person sees and does, in the words of the pages."""

import re

from playwright.async_api import FrameLocator, Locator, Page, expect

from . import words

PASSWORD = "guichet-demo"

# What is measured is measured apart: a noisy machine must not make a test fail.
expect.set_options(timeout=15_000)


class CustomerPage:
    """The demo site with the widget."""

    def __init__(self, page: Page, language: str = "fr") -> None:
        self.page = page
        self.outside = words.widget("loader", language)
        self.inside = words.widget("frame", language)

    @property
    def widget(self) -> FrameLocator:
        """The chat's frame."""
        return self.page.frame_locator(f"iframe[title='{self.outside['title']}']")

    @property
    def box(self) -> Locator:
        """Where one writes."""
        return self.widget.get_by_role("textbox", name=self.inside["write"])

    @property
    def log(self) -> Locator:
        """What was said."""
        return self.widget.get_by_role("log", name=self.inside["messages"])

    async def visit(self, url: str) -> "CustomerPage":
        """Go to the site and open the chat."""
        await self.page.goto(url)
        await self.open()
        return self

    @property
    def launcher(self) -> Locator:
        """What opens the chat."""
        return self.page.get_by_role("button", name=re.compile(self.outside["open"]))

    async def open(self) -> None:
        """Open the chat."""
        await self.launcher.click()
        await expect(self.box).to_be_visible()

    async def reload(self) -> None:
        """Reload the page and open the chat again."""
        await self.page.reload()
        await self.open()

    async def write(self, text: str) -> None:
        """Write and send a message."""
        await self.box.fill(text)
        await self.box.press("Enter")

    async def write_again(self, text: str) -> None:
        """Begin a new conversation after the closing."""
        await self.widget.get_by_role("button", name=self.inside["writeAgain"]).click()
        await self.write(text)

    async def texts(self) -> list[str]:
        """The messages on the screen, in order."""
        return await self.log.locator(".bubble").all_inner_texts()


class ConsolePage:
    """The console of one agent."""

    def __init__(self, page: Page, language: str = "fr") -> None:
        self.page = page
        self.words = words.console(language)

    @property
    def rows(self) -> Locator:
        """The rows of the list."""
        return self.page.get_by_role("list", name=self.words["requests.title"]).get_by_role("link")

    @property
    def log(self) -> Locator:
        """The timeline."""
        return self.page.get_by_role("log", name=self.words["timeline.label"])

    @property
    def box(self) -> Locator:
        """The composer."""
        return self.page.get_by_role("textbox", name=self.words["composer.reply"])

    async def sign_in(self, url: str, email: str = "caro@example.com", password: str = PASSWORD) -> "ConsolePage":
        """Go to the console and sign in."""
        await self.page.goto(url)
        await self.page.get_by_label(self.words["session.email"]).fill(email)
        await self.page.get_by_label(self.words["session.password"]).fill(password)
        await self.page.get_by_role("button", name=self.words["session.signIn"]).click()
        return self

    def row(self, text: str) -> Locator:
        """The row that shows ``text``."""
        return self.rows.filter(has_text=text)

    async def view(self, name: str) -> None:
        """Choose a view."""
        await self.page.get_by_role("link", name=re.compile(name)).click()

    async def write(self, text: str) -> None:
        """Write and send an answer."""
        await self.box.fill(text)
        await self.box.press("Enter")

    async def close_conversation(self, status: str) -> None:
        """Close the conversation with the request's next status, through the dialog."""
        await self.page.get_by_role("button", name=self.words["close.action"]).click()
        dialog = self.page.get_by_role("dialog", name=self.words["close.action"])
        await dialog.get_by_role("radio", name=status).check()
        await dialog.get_by_role("button", name=self.words["close.action"]).click()
        await expect(dialog).to_be_hidden()

    async def texts(self) -> list[str]:
        """The messages on the screen, in order."""
        return await self.log.locator("article .bubble").all_inner_texts()
