"""Files that are not let in: each is told in words, on both sides, and the conversation goes on without them."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Locator, expect

from ..attachments import samples
from .pages import ConsolePage, CustomerPage

MEGABYTE = 1_000_000

WILD_NAME = '../../etc/"L\'été"\n' + "a" * 300 + ".txt"
CLEAN_NAME = "”L’été” " + "a" * 140 + ".txt"
"""Without folders and straight quotes, in the 160 bytes that `attachments` gives a name."""

BAD = {
    "photo.png": (samples.EXE, "type"),
    "logo.svg": (samples.SVG, "type"),
    "page.png": (samples.HTML, "type"),
    "vide.txt": (b"", "empty"),
    "facture.txt": (samples.EICAR, "virus"),
}
"""What each small file holds, and why it is refused."""

LARGE = {"film.mp4": 26 * MEGABYTE, "long film.mp4": 60 * MEGABYTE}
"""Bytes. The first passes the gateway, and `attachments` refuses it; the gateway refuses the second."""


@dataclass
class Side:
    """Where one of the two people attaches files: the field, what lists them, and the words of a refusal."""

    field: Locator
    files: Locator
    words: dict[str, str]

    def file(self, name: str) -> Locator:
        """The file in the list."""
        return self.files.filter(has=self.files.page.get_by_text(name, exact=True))

    async def attach(self, folder: Path) -> None:
        """Choose all the bad files, one after the other."""
        for name, size in LARGE.items():
            with (folder / name).open("wb") as file:
                file.truncate(size)
            await self.field.set_input_files(folder / name)
        for name, (content, _) in BAD.items():
            await self.field.set_input_files(FilePayload(name=name, mimeType="", buffer=content))

    async def tell(self) -> None:
        """Each of them is refused in words."""
        for name, (_, why) in BAD.items():
            await expect(self.file(name)).to_contain_text(self.words[why])
        for name in LARGE:
            await expect(self.file(name)).to_contain_text(self.words["large"])

    async def drop(self) -> None:
        """Take all of them out again."""
        for name in (*BAD, *LARGE):
            await self.file(name).get_by_role("button", name=f"Retirer {name}").click()
        await expect(self.files).to_have_count(0)

    async def attach_wild(self) -> None:
        """Choose a file with a name that no file should have; it is taken under a better one."""
        await self.field.set_input_files(FilePayload(name=WILD_NAME, mimeType="text/plain", buffer=b"Bonjour\n"))
        await expect(self.file(CLEAN_NAME)).to_be_visible()
        await expect(self.files).to_have_count(1)


@pytest.fixture
def customer(ada: CustomerPage) -> Side:
    """The widget's."""
    return Side(
        ada.widget.locator("input[type=file]"),
        ada.widget.get_by_role("list", name="Fichiers à envoyer").get_by_role("listitem"),
        {
            "large": "Ce fichier est trop volumineux. Envoyez-en un plus léger.",
            "type": "Ce type de fichier n’est pas accepté. Essayez une image, un PDF ou un document bureautique.",
            "empty": "Ce fichier est vide.",
            "virus": "Un virus a été trouvé dans ce fichier : il n’a pas été envoyé.",
        },
    )


@pytest.fixture
def agent(caro: ConsolePage) -> Side:
    """The console's."""
    return Side(
        caro.page.get_by_label("Fichiers à joindre"),
        caro.page.get_by_role("list", name="Fichiers joints").get_by_role("listitem"),
        {
            "large": "Ce fichier dépasse la taille permise.",
            "type": "Ce type de fichier n’est pas accepté. Retirez-le, ou envoyez-le sous une autre forme.",
            "empty": "Ce fichier est vide.",
            "virus": "Ce fichier contient un virus et a été refusé.",
        },
    )


class TestBadFiles:
    async def test_are_told_in_the_widget_and_leave_the_customer_free_to_write(
        self, ada: CustomerPage, caro: ConsolePage, customer: Side, mark: str, tmp_path: Path
    ) -> None:
        await customer.attach(tmp_path)
        await customer.tell()
        await ada.write(f"Bonjour {mark}")
        await caro.row(mark).click()
        await expect(caro.log.get_by_text(f"Bonjour {mark}")).to_be_visible()
        await expect(customer.files).to_have_count(len(BAD) + len(LARGE))
        await customer.drop()
        await customer.attach_wild()
        await ada.write("Voici le fichier.")
        received = caro.log.get_by_role("button", name=re.compile("Télécharger"))
        await expect(received).to_have_count(1)
        await expect(received).to_contain_text(CLEAN_NAME)

    async def test_are_told_in_the_console_and_leave_the_agent_free_to_answer(
        self, ada: CustomerPage, caro: ConsolePage, agent: Side, mark: str, tmp_path: Path
    ) -> None:
        await ada.write(f"Bonjour {mark}")
        await caro.row(mark).click()
        await agent.attach(tmp_path)
        await agent.tell()
        await caro.box.fill("Voici le fichier.")
        await expect(caro.page.get_by_role("button", name="Envoyer")).to_be_disabled()
        await agent.drop()
        await agent.attach_wild()
        await expect(caro.box).to_have_value("Voici le fichier.")
        await caro.page.get_by_role("button", name="Envoyer").click()
        received = ada.log.get_by_role("button", name=re.compile("Télécharger"))
        await expect(received).to_have_count(1)
        await expect(received).to_contain_text(CLEAN_NAME)
        async with ada.page.expect_download() as download:
            await received.click()
        assert (await download.value).suggested_filename == CLEAN_NAME
