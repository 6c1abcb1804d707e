"""Contacts are a place: found, sorted, opened with all they asked, changed, merged, given out, erased."""

import re
import zipfile

import httpx2
import pytest
from guichet_local.testing.stack import Stack
from playwright.async_api import Locator, Page, expect

from .axe import violations
from .conftest import People
from .pages import PASSWORD, ConsolePage, CustomerPage

WIDTHS = (320, 760, 1180, 1440)


class Base:
    """Fills the customer base by the service itself."""

    def __init__(self, gateway: str) -> None:
        self._http = httpx2.Client(base_url=f"{gateway}/api/v1", timeout=20, headers={"Origin": gateway})
        answer = self._http.post("/auth/login", json={"email": "admin@example.com", "password": PASSWORD})
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def add(self, **fields: str) -> str:
        """Somebody; their id."""
        answer = self._http.post("/contacts", json=fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def status(self, contact_id: str) -> int:
        """Whether the contact is there (200), or was erased (410)."""
        return self._http.get(f"/contacts/{contact_id}").status_code


@pytest.fixture
def base(stack: Stack) -> Base:
    """The customer base."""
    return Base(stack.gateway)


@pytest.fixture
async def boss(people: People, stack: Stack) -> ConsolePage:
    """An administrator, signed in."""
    return await ConsolePage(await people(False)).sign_in(stack.gateway, "admin@example.com")


def place(page: Page, name: str) -> Locator:
    """A place of the console, in its navigation."""
    return page.get_by_role("navigation", name="Lieux").get_by_role("link", name=name)


def names(page: Page) -> Locator:
    """The names in the list of contacts."""
    return page.get_by_role("main", name="Contacts").get_by_role("rowheader")


def beside(page: Page, name: str = "Fiche du contact") -> Locator:
    """What stands beside the list."""
    return page.get_by_role("region", name=name, exact=True)


async def find(page: Page, typed: str) -> None:
    """Go to the contacts, and search."""
    await place(page, "Contacts").click()
    await page.get_by_role("searchbox", name="Rechercher un contact").fill(typed)


class TestContacts:
    async def test_are_found_sorted_and_opened_with_all_they_asked_and_back_again(
        self, ada: CustomerPage, boss: ConsolePage, base: Base, mark: str
    ) -> None:
        page = boss.page
        for first in ("Zoé", "Béa", "Cléo"):
            base.add(first_name=first, last_name=mark, email=f"{first[0].lower()}.{mark}@example.org")
        await ada.write(f"Bonjour {mark}")
        await boss.row(mark).click()
        card = page.get_by_role("complementary", name="Fiche de la demande")
        await card.get_by_label("Rechercher un contact").fill(f"z.{mark}")
        await card.get_by_role("listbox", name="Contacts trouvés").get_by_role("option").click()
        await card.get_by_role("button", name="Ajouter un contact").click()
        await card.get_by_role("link", name="Ouvrir la fiche").click()

        await expect(beside(page).get_by_role("heading", name=f"Zoé {mark}")).to_be_visible()
        asked = beside(page).get_by_role("region", name="Toutes ses demandes").get_by_role("link")
        await expect(asked).to_contain_text(f"Bonjour {mark}")

        await find(page, mark)
        await expect(names(page)).to_have_text([f"Béa {mark}", f"Cléo {mark}", f"Zoé {mark}"])
        await page.get_by_role("button", name="Nom", exact=True).click()
        await expect(names(page)).to_have_text([f"Zoé {mark}", f"Cléo {mark}", f"Béa {mark}"])
        await expect(page.get_by_role("columnheader", name="Nom", exact=True)).to_have_attribute(
            "aria-sort", "descending"
        )
        await page.get_by_role("button", name="Modifié").click()
        await expect(names(page).first).to_have_text(f"Cléo {mark}")

        # To the request, and back to the same list and the same contact.
        await asked.click()
        await expect(boss.log.get_by_text(f"Bonjour {mark}")).to_be_visible()
        await place(page, "Contacts").click()
        await expect(page.get_by_role("searchbox", name="Rechercher un contact")).to_have_value(mark)
        await expect(names(page).first).to_have_text(f"Cléo {mark}")
        await expect(beside(page).get_by_role("heading", name=f"Zoé {mark}")).to_be_visible()
        await place(page, "Demandes").click()
        await expect(boss.log.get_by_text(f"Bonjour {mark}")).to_be_visible()
        await page.go_back()
        await expect(beside(page).get_by_role("heading", name=f"Zoé {mark}")).to_be_visible()
        await page.reload()
        await expect(names(page).first).to_have_text(f"Cléo {mark}")

    async def test_are_made_of_what_was_searched_changed_merged_given_out_and_erased(
        self, boss: ConsolePage, base: Base, mark: str
    ) -> None:
        page = boss.page
        other = base.add(first_name="Double", last_name=mark, email=f"double.{mark}@example.org")
        await find(page, f"neuve.{mark}@example.org")
        await expect(page.get_by_text("Aucun contact ne correspond à cette recherche.")).to_be_visible()
        await page.get_by_role("link", name="Créer un contact").click()
        form = beside(page, "Créer un contact")
        await expect(form.get_by_label("E-mail")).to_have_value(f"neuve.{mark}@example.org")
        await form.get_by_label("Prénom").fill("Neuve")
        await form.get_by_label("Nom", exact=True).fill(mark)
        await form.get_by_role("button", name="Créer le contact").click()
        await expect(beside(page).get_by_role("heading", name=f"Neuve {mark}")).to_be_visible()
        await expect(names(page)).to_have_text([f"Neuve {mark}"])

        await beside(page).get_by_role("button", name="Modifier le contact").click()
        await beside(page).get_by_label("Société").fill("Éclat")
        await beside(page).get_by_role("button", name="Enregistrer").click()
        await expect(beside(page).get_by_text("Éclat")).to_be_visible()

        async with page.expect_download() as download:
            await beside(page).get_by_role("button", name="Exporter").click()
        path = await (await download.value).path()
        assert f'"Neuve";"{mark}";"neuve.{mark}@example.org"' in path.read_text(encoding="utf-8-sig")
        async with page.expect_download() as download:
            await beside(page).get_by_role("button", name="Dossier complet").click()
        with zipfile.ZipFile(await (await download.value).path()) as archive:
            assert f"neuve.{mark}@example.org" in archive.read("person.json").decode()

        await beside(page).get_by_role("button", name="Fusionner…").click()
        dialog = page.get_by_role("dialog", name=f"Fusionner Neuve {mark}")
        await dialog.get_by_label("Rechercher un contact").fill(f"double {mark}")
        await dialog.get_by_role("option").click()
        await dialog.get_by_role("button", name="Fusionner les fiches").click()
        await expect(beside(page).get_by_text(f"Fusionné avec Double {mark}")).to_be_visible()

        await beside(page).get_by_role("button", name="Effacer…").click()
        question = page.get_by_role("dialog", name=f"Effacer Neuve {mark} ?")
        await question.get_by_role("button", name="Annuler").click()
        assert base.status(other) == 200
        await beside(page).get_by_role("button", name="Effacer…").click()
        await question.get_by_role("button", name="Effacer définitivement").click()
        await expect(page.get_by_text("Contact effacé")).to_be_visible()
        await expect(names(page)).to_have_count(0)
        assert base.status(other) == 410

    async def test_what_was_searched_beside_a_request_begins_the_new_contact(
        self, ada: CustomerPage, caro: ConsolePage, mark: str
    ) -> None:
        await ada.write(f"Bonjour {mark}")
        await caro.row(mark).click()
        card = caro.page.get_by_role("complementary", name="Fiche de la demande")
        await card.get_by_label("Rechercher un contact").fill(f"Grace Hopper{mark}")
        await expect(card.get_by_text("Aucun contact ne correspond.")).to_be_visible()
        await card.get_by_role("button", name="Créer un contact").click()
        await expect(card.get_by_label("Prénom")).to_have_value("Grace")
        await expect(card.get_by_label("Nom", exact=True)).to_have_value(f"Hopper{mark}")

    async def test_cannot_be_merged_given_out_or_erased_by_agents(
        self, caro: ConsolePage, base: Base, mark: str
    ) -> None:
        base.add(last_name=mark)
        await find(caro.page, mark)
        await expect(names(caro.page)).to_have_text([mark])
        await names(caro.page).get_by_role("link").click()
        acts = beside(caro.page).get_by_role("button")
        await expect(acts).to_have_text(["Modifier le contact"])
        await expect(place(caro.page, "Réglages")).to_have_count(0)

    @pytest.mark.parametrize("language", ["fr", "en"])
    async def test_are_readable_on_every_width_and_for_everybody(
        self, boss: ConsolePage, base: Base, language: str, mark: str
    ) -> None:
        page = boss.page
        await expect(page.get_by_role("heading", name="Demandes")).to_be_visible()
        one = base.add(
            first_name="Marie-Antoinette",
            last_name=mark,
            email=f"une.adresse.tres.longue.{mark}@un-domaine-qui-ne-finit-pas.example.org",
            company="Société nouvelle d’éclairage",
        )
        await page.evaluate(f"localStorage.setItem('guichet.locale', '{language}')")
        root = re.sub(r"(//[^/]+).*", r"\1", page.url)
        for path in (f"/contacts?find={mark}", f"/contacts/{one}?find={mark}", "/contacts/new", "/contacts/import"):
            await page.goto(f"{root}{path}")
            await expect(page.get_by_role("heading", level=1, name="Contacts")).to_be_visible()
            for width in WIDTHS:
                await page.set_viewport_size({"width": width, "height": 900})
                wide = await page.evaluate(
                    "() => [...document.querySelectorAll('.desk *')]"
                    ".filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)"
                    ".map((one) => one.className || one.tagName)"
                )
                assert wide == [], f"{path} at {width} px"
            assert await violations(page) == [], path
            await page.emulate_media(color_scheme="dark")
            assert await violations(page, colours_only=True) == [], path
            await page.emulate_media(color_scheme="light")
