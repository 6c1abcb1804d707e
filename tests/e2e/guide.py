"""The agents' guide: written by the very tests that play its steps, one screenshot each."""

from dataclasses import dataclass, field
from io import BytesIO
from os import environ
from pathlib import Path

from PIL import Image
from playwright.async_api import Page

from .chapters import CHAPTERS, Chapter

FOLDER = Path(environ["GUICHET_GUIDE_DIR"]) if environ.get("GUICHET_GUIDE_DIR") else None
"""Where the guide is written; None: nowhere."""

LANGUAGES = ("fr", "en") if FOLDER else ("fr",)
"""The guide has both; the everyday run plays in French."""

LOCALES = {"fr": "fr-FR", "en": "en-GB"}
LEADS = {
    "fr": "Ce guide est fait par les tests de bout en bout qui jouent ces étapes : `make guide`.",
    "en": "This guide is made by the end-to-end tests that play these steps: `make guide`.",
}

_WIDGET_WIDTH = 440
_GAP = 16


@dataclass
class Guide:
    """Takes the pictures of one chapter in one language."""

    chapter: Chapter
    language: str
    taken: list[str] = field(default_factory=list)

    async def picture(self, name: str, page: Page) -> None:
        """Take the picture of one step."""
        self.taken.append(name)
        if FOLDER is not None:
            images = FOLDER / self.language
            images.mkdir(parents=True, exist_ok=True)
            await page.mouse.move(0, 0)
            await page.screenshot(path=images / f"{name}.png", animations="disabled")

    async def side_by_side(self, console: Page, customer: Page) -> None:
        """Take the README's picture: the console, and the corner of the customer's page that has the widget."""
        if FOLDER is None:
            return
        left = Image.open(BytesIO(await console.screenshot(animations="disabled")))
        whole = Image.open(BytesIO(await customer.screenshot(animations="disabled")))
        right = whole.crop((whole.width - _WIDGET_WIDTH, 0, whole.width, whole.height))
        both = Image.new("RGB", (left.width + right.width + _GAP, left.height), "white")
        both.paste(left, (0, 0))
        both.paste(right, (left.width + _GAP, 0))
        images = FOLDER.parent / "images"
        images.mkdir(exist_ok=True)
        both.save(images / "console-and-widget.png", optimize=True)

    def write(self) -> None:
        """Write the page; every step must have been played."""
        missing = [step.name for step in self.chapter.steps if step.name not in self.taken]
        if missing:
            raise AssertionError(f"steps that were not played: {missing}")
        if FOLDER is None:
            return
        others = [
            f"[{other.title[self.language]}]({other.file})" for other in CHAPTERS if other.file != self.chapter.file
        ]
        lines = [f"# {self.chapter.title[self.language]}", "", LEADS[self.language], "", " · ".join(others), ""]
        for number, step in enumerate(self.chapter.steps, 1):
            name = step.title[self.language]
            lines += [f"## {number}. {name}", "", step.text[self.language], "", f"![{name}]({step.name}.png)", ""]
        (FOLDER / self.language / self.chapter.file).write_text("\n".join(lines))
