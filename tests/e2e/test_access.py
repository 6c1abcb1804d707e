"""Everybody can work here: axe-core finds nothing grave on any screen, light and dark."""

import re
import uuid
from collections.abc import AsyncIterator
from typing import Literal

import httpx2
import pytest
from guichet_local.testing.stack import Stack
from playwright.async_api import Browser, BrowserContext, FilePayload, Frame, Locator, Page, expect

from .axe import violations
from .pages import PASSWORD, ConsolePage, CustomerPage

TEMPLATE = "Prise en charge"
REASON = "Remboursement"
CONTACT = "Prévost"
NOTICE = FilePayload(name="notice.txt", mimeType="text/plain", buffer="Mode d’emploi\n".encode())
EMPTY = FilePayload(name="vide.txt", mimeType="text/plain", buffer=b"")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def prepared(stack: Stack) -> None:
    """A template and a reason, which administrators keep, and somebody in the customer base."""
    with httpx2.Client(base_url=f"{stack.gateway}/api/v1", timeout=20, headers={"Origin": stack.gateway}) as http:
        answer = http.post("/auth/login", json={"email": "admin@example.com", "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        template = {"name": TEMPLATE, "language": "fr", "body": "Je regarde cela."}
        for path, kept in (
            ("/templates", template),
            ("/reasons", {"label": {"fr": REASON, "en": "Refund"}}),
            ("/contacts", {"last_name": CONTACT}),
        ):
            answer = http.post(path, json={"id": str(uuid.uuid4()), **kept})
            assert answer.status_code == 201, answer.text


@pytest.fixture
async def window(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser window of somebody who wants no motion: colours on their way are no screen."""
    context = await browser.new_context(
        locale="fr-FR", viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
    )
    yield context
    await context.close()


class Tour:
    """Looks at screens with axe-core, and keeps what it finds on each."""

    def __init__(self) -> None:
        self.found: list[str] = []

    async def look(self, screen: str, page: Page | Frame) -> None:
        """Note the grave violations of what is shown, to who prefers light, and to who prefers dark."""
        window = page.page if isinstance(page, Frame) else page
        for scheme in SCHEMES:
            await window.emulate_media(color_scheme=scheme)
            # Nothing but the colours is another in the dark.
            lines = await violations(page, colours_only=scheme == "dark")
            self.found += [f"{screen}, {scheme}: {line}" for line in lines]

    async def look_at(self, screen: str, page: Page, opened: Locator) -> None:
        """Note the grave violations once ``opened`` is shown; then leave it."""
        await expect(opened).to_be_visible()
        await self.look(screen, page)
        await page.keyboard.press("Escape")
        await expect(opened).to_be_hidden()


async def settings(tour: Tour, page: Page, gateway: str) -> None:
    """The pages of an administrator, each with its form where it has one."""
    forms = (("templates", "Créer un modèle"), ("reasons", "Créer un motif"), ("forms", "Créer un formulaire"))
    for name, add in forms:
        await page.goto(f"{gateway}/settings/{name}")
        button = page.get_by_role("button", name=add)
        await expect(button).to_be_visible()
        await expect(page.get_by_text("Chargement…")).to_be_hidden()
        await tour.look(f"settings, {name}", page)
        await button.click()
        await expect(page.get_by_role("button", name="Enregistrer")).to_be_visible()
        if name == "forms":
            await page.get_by_role("button", name="Ajouter un champ").click()
            await page.get_by_role("combobox", name="Réponse").select_option("Liste")
        await tour.look(f"settings, form of {name}", page)
    await page.goto(f"{gateway}/settings/contacts")
    await expect(page.get_by_role("button", name="Télécharger le CSV")).to_be_visible()
    await tour.look("settings, contacts", page)
    await page.goto(f"{gateway}/settings/quarantine")
    await expect(page.get_by_text("Chargement…")).to_be_hidden()
    await tour.look("settings, quarantine", page)
    await page.goto(f"{gateway}/settings/audit")
    await expect(page.get_by_role("list", name="Journal d’audit").get_by_role("listitem").first).to_be_visible()
    await tour.look("settings, audit", page)


async def by_hand(tour: Tour, agent: ConsolePage, mark: str) -> None:
    """A request made by hand, its contact merged, and the agent's signature."""
    page = agent.page
    await page.get_by_role("button", name="Nouvelle demande").click()
    dialog = page.get_by_role("dialog", name="Nouvelle demande")
    await dialog.get_by_label("Rechercher un contact").fill(CONTACT)
    await expect(dialog.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    await tour.look("new request, contacts found", page)
    await dialog.get_by_role("button", name="Créer un contact").click()
    await expect(dialog.get_by_label("Prénom")).to_be_visible()
    await tour.look("new request, contact form", page)
    await dialog.get_by_label("Nom", exact=True).fill(mark)
    await dialog.get_by_role("button", name="Créer le contact").click()
    await dialog.get_by_label("Objet").fill(f"Lampe {mark}")
    await dialog.get_by_text("E-mail au client").click()
    await tour.look("new request, contact without an address", page)
    await dialog.get_by_text("Note interne").click()
    await dialog.get_by_role("button", name="Créer la demande").click()
    await expect(dialog).to_be_hidden()

    await page.get_by_role("button", name="Fusionner…").click()
    dialog = page.get_by_role("dialog", name=f"Fusionner {CONTACT} {mark}")
    await dialog.get_by_label("Rechercher un contact").fill(CONTACT)
    await expect(dialog.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    await tour.look("merging, contacts found", page)
    await page.keyboard.press("Enter")
    await tour.look_at("merging, side by side", page, dialog.get_by_role("table"))
    await page.get_by_role("button", name="Menu de").click()
    await page.get_by_role("menuitem", name="Ma signature").click()
    await tour.look_at("signature", page, page.get_by_label("Signature de vos e-mails"))


async def treatment(tour: Tour, agent: ConsolePage) -> None:
    """An open request, and all that opens over it."""
    page = agent.page
    await tour.look("open request", page)
    await page.get_by_role("button", name="Modèles de réponse").click()
    await tour.look_at("templates", page, page.get_by_role("option", name=re.compile(TEMPLATE)))
    await page.get_by_role("button", name="Statut :").click()
    await tour.look_at("status menu", page, page.get_by_role("menu", name="Statut :"))
    await page.get_by_role("button", name="Attribuer à un conseiller").click()
    await tour.look_at("assignment", page, page.get_by_label("Rechercher un conseiller"))
    await page.get_by_role("button", name="Menu de").click()
    await tour.look_at("menu of the agent", page, page.get_by_role("menu", name="Menu de"))
    await page.get_by_role("button", name="Clôturer la conversation").click()
    await tour.look_at("close dialog", page, page.get_by_role("dialog", name="Clôturer la conversation"))
    await page.get_by_role("heading", name="Demandes").click()
    await page.keyboard.press("?")
    await tour.look_at("help", page, page.get_by_role("dialog", name="Raccourcis clavier"))
    await page.get_by_role("button", name="Créer un contact").click()
    form = page.get_by_role("form", name="Créer un contact")
    await form.get_by_label("E-mail").fill("personne")
    await form.get_by_role("button", name="Créer le contact").click()
    await expect(form.get_by_text("Cette adresse e-mail n’est pas valable.")).to_be_visible()
    await tour.look_at("contact form", page, form)

    card = page.get_by_role("complementary", name="Fiche de la demande")
    await card.get_by_text("Haute", exact=True).click()
    await page.get_by_role("button", name="Note interne").click()
    await page.get_by_role("textbox", name="Votre note").fill("À rappeler demain.")
    await tour.look("note in the composer", page)
    await page.get_by_role("button", name="Enregistrer la note").click()
    await expect(agent.log.get_by_text("À rappeler demain.")).to_be_visible()
    await expect(agent.log.get_by_text(re.compile("Basse → Haute"))).to_be_visible()
    await page.get_by_label("Fichiers à joindre").set_input_files([NOTICE, EMPTY])
    await agent.box.fill("Voici la notice.")
    await expect(page.get_by_text("Ce fichier est vide.")).to_be_visible()
    await tour.look("note in the timeline, files in the composer", page)
    await page.get_by_role("button", name=f"Retirer {EMPTY['name']}").click()
    await page.get_by_role("button", name="Envoyer").click()
    await expect(agent.log.get_by_text("Voici la notice.")).to_be_visible()


@pytest.mark.usefixtures("prepared")
@pytest.mark.timeout(240)
class TestNothingGraveIsFoundByAxe:
    async def test_on_any_screen_where_customers_write_and_agents_answer(
        self, window: BrowserContext, stack: Stack, mark: str
    ) -> None:
        tour = Tour()
        ada = await CustomerPage(await window.new_page()).visit(f"{stack.gateway}/demo")
        chat = next(frame for frame in ada.page.frames if "/widget/frame.html" in frame.url)
        await tour.look("widget, new", chat)
        await tour.look("widget on its site", ada.page)
        await ada.write(f"Bonjour {mark}")
        await expect(ada.log.get_by_text("Envoyé")).to_be_visible()

        agent = ConsolePage(await window.new_page())
        await agent.page.goto(stack.gateway)
        await expect(agent.page.get_by_role("button", name="Se connecter")).to_be_visible()
        await tour.look("sign-in", agent.page)
        await agent.sign_in(stack.gateway, "admin@example.com")
        await expect(agent.row(mark)).to_be_visible()
        await tour.look("list alone", agent.page)
        await agent.row(mark).click()
        await expect(agent.log.get_by_text(mark)).to_be_visible()
        await treatment(tour, agent)

        await expect(ada.log.get_by_role("button", name=re.compile("notice.txt"))).to_be_visible()
        await tour.look("widget, messages and a file", chat)
        await ada.widget.locator("input[type=file]").set_input_files([NOTICE, EMPTY])
        await expect(ada.widget.get_by_text("Prêt")).to_be_visible()
        await expect(ada.widget.get_by_text("Ce fichier est vide.")).to_be_visible()
        await tour.look("widget, files in the composer", chat)

        await agent.close_conversation("En cours")
        await expect(agent.page.get_by_role("button", name="Clôturer la demande")).to_be_visible()
        await tour.look("closed conversation", agent.page)
        await expect(ada.widget.get_by_role("button", name="Écrire de nouveau")).to_be_visible()
        await tour.look("widget, closed conversation", chat)

        await agent.page.set_viewport_size({"width": 600, "height": 800})
        await tour.look("narrow, request", agent.page)
        await agent.page.get_by_role("button", name="Fiche de la demande").click()
        await expect(agent.page.get_by_role("complementary", name="Fiche de la demande")).to_be_visible()
        await tour.look("narrow, card", agent.page)
        await agent.page.goto(stack.gateway)
        await expect(agent.rows.first).to_be_visible()
        await tour.look("narrow, list", agent.page)
        assert tour.found == [], "\n".join(tour.found)

    async def test_on_what_administrators_do_besides_answering(
        self, window: BrowserContext, stack: Stack, mark: str
    ) -> None:
        tour = Tour()
        boss = await ConsolePage(await window.new_page()).sign_in(stack.gateway, "admin@example.com")
        await by_hand(tour, boss, mark)
        await settings(tour, boss.page, stack.gateway)
        assert tour.found == [], "\n".join(tour.found)
