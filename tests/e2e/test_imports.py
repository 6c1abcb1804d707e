"""Contacts come in from a file: what its columns are is shown and can be changed before anything is written."""

import re

import httpx2
import pytest
from guichet_local.testing.stack import Stack
from playwright.async_api import FilePayload, Locator, Page, expect

from .axe import violations
from .conftest import People
from .pages import PASSWORD, ConsolePage

WIDTHS = (320, 760, 1180, 1440)


@pytest.fixture
async def boss(people: People, stack: Stack) -> ConsolePage:
    """An administrator at the place where contacts are imported."""
    boss = await ConsolePage(await people(False)).sign_in(stack.gateway, "admin@example.com")
    await expect(boss.page.get_by_role("heading", name="Demandes")).to_be_visible()
    await boss.page.goto(f"{stack.gateway}/settings/contacts")
    await expect(boss.page.get_by_role("button", name="Choisir un fichier CSV")).to_be_visible()
    return boss


@pytest.fixture
def base(stack: Stack) -> "Base":
    """The customer base, as the service tells of it."""
    return Base(stack.gateway)


class Base:
    """Asks the service itself."""

    def __init__(self, gateway: str) -> None:
        self._http = httpx2.Client(base_url=f"{gateway}/api/v1", timeout=20, headers={"Origin": gateway})
        answer = self._http.post("/auth/login", json={"email": "admin@example.com", "password": PASSWORD})
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def told(self, typed: str) -> list[tuple[str | None, ...]]:
        """First name, last name, address, phone and company of who is found."""
        found = self._http.get("/contacts", params={"q": typed}).json()["items"]
        fields = ("first_name", "last_name", "email", "phone", "company")
        return [tuple(one[field] for field in fields) for one in found]

    def add(self, **fields: str) -> None:
        """Somebody who is there already."""
        assert self._http.post("/contacts", json=fields).status_code == 201


def csv(name: str, *lines: str, encoding: str = "utf-8") -> FilePayload:
    """A file as a program exports it."""
    return FilePayload(name=name, mimeType="text/csv", buffer="\r\n".join(lines).encode(encoding))


async def choose(page: Page, file: FilePayload) -> None:
    """Choose a file, and wait until it is shown."""
    await page.locator("input[type=file]").set_input_files(file)
    await expect(page.get_by_role("heading", name=file["name"])).to_be_focused()


def column(page: Page, header: str) -> Locator:
    """The list box that says what a column becomes."""
    return page.get_by_role("combobox", name=f"Ce que devient la colonne {header}", exact=True)


class TestAFileOfContacts:
    async def test_of_google_shows_its_columns_and_writes_nothing_before_it_is_confirmed(
        self, boss: ConsolePage, base: Base, mark: str
    ) -> None:
        page = boss.page
        await choose(
            page,
            csv(
                "contacts.csv",
                "First Name,Middle Name,Last Name,Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,"
                "Phone 1 - Label,Phone 1 - Value,Organization 1 - Name",
                f"Zoé,Anne,{mark},,* myContacts,Home,zoe.{mark}@example.org,Mobile,06 12 34 56 78,Lumière {mark}",
                f"Noé,,{mark},,* myContacts,* Work,noe.{mark}@example.org ::: n@example.net,,,",
            ),
        )
        await expect(column(page, "E-mail 1 - Value")).to_have_value("email")
        await expect(column(page, "Photo")).to_have_value("left-out")
        await expect(page.get_by_text(re.compile(r"Colonnes laissées de côté : .*Labels"))).to_be_visible()
        first = page.get_by_role("region", name="Les premiers contacts")
        await expect(first.get_by_role("cell", name="Zoé Anne")).to_be_visible()
        assert base.told(mark) == []

        await page.get_by_role("button", name="Importer 2 lignes").click()
        await expect(page.get_by_text("Import terminé : 2 contacts enregistrés.")).to_be_visible()
        assert base.told(mark) == [
            ("Noé", mark, f"noe.{mark}@example.org", None, None),
            ("Zoé Anne", mark, f"zoe.{mark}@example.org", "+33612345678", f"Lumière {mark}"),
        ]

    async def test_of_outlook_updates_whom_the_base_has_where_the_agent_says_so(
        self, boss: ConsolePage, base: Base, mark: str
    ) -> None:
        base.add(first_name="Ancien", last_name=mark, email=f"lea.{mark}@example.org", company="Ancienne")
        page = boss.page
        file = csv(
            "outlook.csv",
            "Title,First Name,Last Name,Company,Business Phone,Mobile Phone,E-mail Address,E-mail Type",
            f"Mme,Léa,{mark},Éclat,01 23 45 67 89,06 11 22 33 44,lea.{mark}@example.org,SMTP",
            f"M.,Luc,{mark},,01 23 45 67 80,,luc.{mark}@example.org,SMTP",
            encoding="cp1252",
        )
        await choose(page, file)
        await page.get_by_role("button", name="Importer 2 lignes").click()
        await expect(page.get_by_text("Rien n’a été importé")).to_be_visible()
        row = page.get_by_role("row").filter(has_text="Cette adresse appartient déjà à un contact.")
        await expect(row.get_by_role("cell").first).to_have_text("2")
        assert base.told(mark) == [("Ancien", mark, f"lea.{mark}@example.org", None, "Ancienne")]

        await page.get_by_role("button", name="Importer un autre fichier").click()
        await choose(page, file)
        await page.get_by_role("radio", name="Mettre à jour les contacts existants").check()
        await page.get_by_role("button", name="Importer 2 lignes").click()
        await expect(page.get_by_text("Import terminé : 2 contacts enregistrés.")).to_be_visible()
        await expect(page.get_by_text("Dont 1 contact existant mis à jour.")).to_be_visible()
        assert base.told(mark) == [
            ("Léa", mark, f"lea.{mark}@example.org", "+33611223344", "Éclat"),
            ("Luc", mark, f"luc.{mark}@example.org", "+33123456780", None),
        ]

    async def test_of_a_french_base_is_not_taken_in_before_the_names_are_found_by_keyboard_alone(
        self, boss: ConsolePage, base: Base, mark: str
    ) -> None:
        page, family = boss.page, f"ROUX{mark.upper()}"
        await choose(
            page,
            csv(
                "adhérents.csv",
                "sep=;",
                "Code;Bénéficiaire;Adresse mail;Portable;Observations",
                f"A1;{family} Ada;ada.{mark}@example.org;06 98 76 54 32;Préfère le matin",
                f"A2;Berthe LE ROUX;berthe.{mark}@example.org;;",
            ),
        )
        names = column(page, "Bénéficiaire")
        await expect(names).to_have_value("open")
        await expect(names).to_have_accessible_description("Elle contient peut-être les noms.")
        confirm = page.get_by_role("button", name="Importer 2 lignes")
        await confirm.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert").filter(has_text="Choisissez ce que devient")).to_be_visible()
        await expect(names).to_be_focused()
        assert base.told(mark) == []

        await page.keyboard.type("Nom complet")
        await expect(names).to_have_value("name")
        first = page.get_by_role("region", name="Les premiers contacts")
        await expect(first.get_by_role("cell", name=family, exact=True)).to_be_visible()
        await confirm.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Import terminé : 2 contacts enregistrés.")).to_be_visible()
        await expect(page.get_by_text("Colonnes laissées de côté : Code.")).to_be_visible()
        assert base.told(mark) == [
            ("Ada", family, f"ada.{mark}@example.org", "+33698765432", None),
            ("Berthe", "LE ROUX", f"berthe.{mark}@example.org", None, None),
        ]

    async def test_that_is_no_table_says_so_and_the_next_can_be_chosen(self, boss: ConsolePage) -> None:
        page = boss.page
        await page.locator("input[type=file]").set_input_files(csv("vide.csv", "Nom;E-mail"))
        await expect(page.get_by_role("alert").filter(has_text="Le fichier ne contient aucun contact.")).to_be_visible()
        await expect(page.get_by_role("button", name="Choisir un fichier CSV")).to_be_visible()

    @pytest.mark.parametrize("language", ["fr", "en"])
    async def test_is_readable_on_every_width_and_for_everybody(
        self, boss: ConsolePage, language: str, mark: str
    ) -> None:
        page = boss.page
        if language == "en":
            await page.evaluate("localStorage.setItem('guichet.locale', 'en')")
            await page.reload()
        long = f"une.adresse.vraiment.tres.longue.{mark}@un-domaine-qui-ne-finit-pas.example.org"
        await choose(
            page,
            csv(
                "Base clients 2026 (export complet).csv",
                "Client;Adresse mail;Numéro de fidélité;Une colonne dont le titre est bien long;",
                f"Ada ROUX;{long};0012345;Quelque chose d'assez long pour deux lignes;x",
            ),
        )
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            wide = await page.evaluate(
                "() => [...document.querySelectorAll('main, main *')].filter((one) => !one.closest('.import-scroll')"
                " && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.className || one.tagName)"
            )
            assert wide == [], f"{width} px"
        assert await violations(page) == []
        await page.emulate_media(color_scheme="dark")
        assert await violations(page, colours_only=True) == []
