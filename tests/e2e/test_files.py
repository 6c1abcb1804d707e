"""Files whose way is not straight: cut in the middle, or kept with a template."""

import re
from pathlib import Path

import pytest
from guichet_kit.objects import ObjectStore
from guichet_local.testing.stack import Stack
from playwright.async_api import FilePayload, Locator, Page, expect
from pymongo import AsyncMongoClient

from .conftest import People
from .network import Network
from .pages import ConsolePage, CustomerPage

LONG = b"Bonjour, voici le journal de ma lampe.\n" * 200_000  # 7.8 MB
ENOUGH = 1_000_000
"""Bytes after which an upload is in its middle."""


async def kept(stack: Stack, name: str) -> tuple[set[str], int]:
    """The objects of the store, and how many files of that name the service knows of."""
    store = ObjectStore(*stack.s3, "guichet-attachments")
    objects = {listed.name for listed in await store.page()}
    store.close()
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(stack.mongodb_url)
    known = await client["guichet_attachments"]["attachments"].count_documents({"name": name})
    await client.close()
    return objects, known


@pytest.fixture
async def far_agent(people: People, stack: Stack) -> ConsolePage:
    """An agent behind the network that can be cut."""
    return await ConsolePage(await people(True)).sign_in(stack.gateway)


class TestAnUploadThatIsCutInTheMiddle:
    async def cut_then_sent_again(
        self, stack: Stack, network: Network, field: Locator, file: Locator, told: str, retry: Locator, name: str
    ) -> None:
        """The refusal is told in words, nothing stays of the file, and it comes in when it is sent again."""
        before = await kept(stack, name)
        network.cut_after(ENOUGH)
        await field.set_input_files(FilePayload(name=name, mimeType="text/plain", buffer=LONG))
        await expect(file).to_contain_text(told)
        await expect(retry).to_be_visible()
        assert await kept(stack, name) == before
        network.mend()
        await retry.click()
        await expect(file).not_to_contain_text(told)

    async def test_is_told_in_the_widget_and_sent_again(
        self, ada: CustomerPage, caro: ConsolePage, stack: Stack, network: Network, mark: str
    ) -> None:
        await ada.write(f"Bonjour {mark}")
        await caro.row(mark).click()
        name = f"journal {mark}.txt"
        file = ada.widget.get_by_role("list", name="Fichiers à envoyer").get_by_role("listitem")
        await self.cut_then_sent_again(
            stack,
            network,
            ada.widget.locator("input[type=file]"),
            file,
            "Pas de connexion. L’envoi reprendra à son retour.",
            file.get_by_role("button", name="Réessayer"),
            name,
        )
        await expect(file).to_contain_text("Prêt")
        await ada.write("Voici le journal.")
        await expect(caro.log.get_by_role("button", name=re.compile(name))).to_be_visible()

    async def test_is_told_in_the_console_and_sent_again(
        self, ada: CustomerPage, far_agent: ConsolePage, stack: Stack, network: Network, mark: str
    ) -> None:
        await ada.write(f"Bonjour {mark}")
        await far_agent.row(mark).click()
        page, name = far_agent.page, f"journal {mark}.txt"
        file = page.get_by_role("list", name="Fichiers joints").get_by_role("listitem")
        await self.cut_then_sent_again(
            stack,
            network,
            page.get_by_label("Fichiers à joindre"),
            file,
            "Guichet ne répond pas. Vérifiez votre connexion, puis réessayez.",
            file.get_by_role("button", name=f"Renvoyer {name}"),
            name,
        )
        await expect(page.get_by_role("progressbar")).to_have_count(0)
        await far_agent.write("Voici le journal.")
        await expect(ada.log.get_by_role("button", name=re.compile(name))).to_be_visible()


class TestATemplateWithAFile:
    async def keep(self, page: Page, gateway: str, name: str, notice: FilePayload) -> None:
        """An administrator keeps it."""
        await ConsolePage(page).sign_in(f"{gateway}/settings/templates", "admin@example.com")
        await page.get_by_role("button", name="Créer un modèle").click()
        form = page.get_by_role("form", name="Créer un modèle")
        await form.get_by_label("Nom du modèle").fill(name)
        await form.get_by_label("Texte").fill("Bonjour {{contact.name}}, voici la notice.")
        async with page.expect_file_chooser() as chooser:
            await form.get_by_role("button", name="Joindre des fichiers").click()
        await (await chooser.value).set_files([notice])
        await expect(form.get_by_role("progressbar")).to_have_count(0)
        await form.get_by_role("button", name="Enregistrer").click()
        await expect(page.get_by_role("button", name=f"Modifier {name}")).to_be_visible()

    async def test_reaches_the_customer_who_downloads_it(
        self, ada: CustomerPage, caro: ConsolePage, people: People, stack: Stack, mark: str, tmp_path: Path
    ) -> None:
        notice = FilePayload(name=f"notice {mark}.txt", mimeType="text/plain", buffer=f"Notice {mark}\n".encode())
        await self.keep(await people(False), stack.gateway, f"Notice {mark}", notice)
        await ada.write(f"Bonjour {mark}")
        await caro.row(mark).click()
        await caro.page.get_by_role("button", name="Modèles de réponse").click()
        await caro.page.get_by_label("Rechercher un modèle").fill(mark)
        await caro.page.get_by_role("listbox", name="Modèles de réponse").get_by_role("option").click()
        await expect(caro.page.get_by_role("list", name="Fichiers joints")).to_contain_text(notice["name"])
        await caro.box.fill("Bonjour, voici la notice.")
        await caro.page.get_by_role("button", name="Envoyer", exact=True).click()
        received = ada.log.get_by_role("button", name=re.compile(notice["name"]))
        await expect(received).to_be_visible()
        async with ada.page.expect_download() as download:
            await received.click()
        saved = tmp_path / "notice.txt"
        await (await download.value).save_as(saved)
        assert saved.read_bytes() == notice["buffer"]
