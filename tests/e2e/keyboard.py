"""Somebody before a page who has no mouse."""

from playwright.async_api import FilePayload, Locator, Page, expect

MOST_TABS = 80
"""More stops than any screen has."""


class Keyboard:
    """Presses keys; locators only say what to look for."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self._page.keyboard.press(key)

    async def write(self, text: str) -> None:
        """Type ``text`` where the focus is."""
        await self._page.keyboard.type(text)

    async def go_to(self, target: Locator, key: str = "Tab") -> None:
        """Press ``key`` until the focus is on ``target``."""
        await expect(target).to_be_attached()
        for _ in range(MOST_TABS):
            if await target.evaluate("element => element === document.activeElement"):
                return
            await self.press(key)
        raise AssertionError(f"{key} does not lead to {target}")

    async def push(self, button: Locator, key: str = "Tab") -> None:
        """Go to a button, and press it."""
        await self.go_to(button, key)
        await self.press("Enter")

    async def choose_files(self, button: Locator, *files: FilePayload, key: str = "Tab") -> None:
        """Go to the button that opens the system's choice of files; what one does there is the system's."""
        async with self._page.expect_file_chooser() as chooser:
            await self.push(button, key)
        await (await chooser.value).set_files(files)
