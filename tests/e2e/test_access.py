"""Everybody can work here: axe-core finds nothing grave on any screen, and the keyboard alone is enough."""

import re
import uuid
from collections.abc import AsyncIterator
from typing import Literal

import httpx2
import pytest
from guichet_local.testing.stack import Stack
from playwright.async_api import Browser, BrowserContext, FilePayload, Frame, Locator, Page, expect

from .axe import violations
from .conftest import People
from .pages import PASSWORD, ConsolePage, CustomerPage

TEMPLATE = "Prise en charge"
REASON = "Remboursement"
CONTACT = "Prévost"
NOTICE = FilePayload(name="notice.txt", mimeType="text/plain", buffer="Mode d’emploi\n".encode())
EMPTY = FilePayload(name="vide.txt", mimeType="text/plain", buffer=b"")
MOST_TABS = 80
"""More stops than any screen has."""


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


@pytest.fixture(params=["light", "dark"])
async def window(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser window of somebody who prefers light, then dark, and no motion: colours on their way are no screen."""
    scheme: Literal["light", "dark"] = request.param
    context = await browser.new_context(
        locale="fr-FR", viewport={"width": 1280, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    yield context
    await context.close()


class Tour:
    """Looks at screens with axe-core, and keeps what it finds on each."""

    def __init__(self) -> None:
        self.found: list[str] = []

    async def look(self, screen: str, page: Page | Frame) -> None:
        """Note the grave violations of what is shown."""
        self.found += [f"{screen}: {line}" for line in await violations(page)]

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
@pytest.mark.timeout(300)
class TestNothingGraveIsFoundByAxe:
    async def test_on_any_screen_of_the_console_and_the_widget(
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
        await expect(agent.page.get_by_role("img", name="Conversation clôturée")).to_be_visible()
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
        await agent.page.set_viewport_size({"width": 1280, "height": 800})
        await by_hand(tour, agent, mark)
        await settings(tour, agent.page, stack.gateway)
        assert tour.found == [], "\n".join(tour.found)


class Keyboard:
    """Someone before the page who has no mouse: locators only say what to look for."""

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


@pytest.mark.usefixtures("prepared")
class TestTheKeyboardAlone:
    async def test_treats_a_request_from_signing_in_to_closing(
        self, ada: CustomerPage, people: People, stack: Stack, mark: str
    ) -> None:
        await ada.write(f"Bonjour {mark}")
        page = await people(False)
        agent, keys = ConsolePage(page), Keyboard(page)
        card = page.get_by_role("complementary", name="Fiche de la demande")
        name = f"Hopper {mark}"

        await page.goto(stack.gateway)
        await keys.go_to(page.get_by_label("Adresse e-mail"))
        await keys.write("caro@example.com")
        await keys.go_to(page.get_by_label("Mot de passe"))
        await keys.write(PASSWORD)
        await keys.press("Enter")

        # The newest request is the first of the list.
        await expect(agent.rows.first).to_contain_text(mark)
        await keys.press("j")
        await expect(agent.row(mark)).to_be_focused()
        await keys.press("Enter")
        await expect(agent.box).to_be_focused()

        await keys.press("Escape", "t")
        await expect(page.get_by_label("Rechercher un modèle")).to_be_focused()
        await keys.write("prise")
        templates = page.get_by_role("listbox", name="Modèles de réponse")
        await expect(templates.get_by_role("option")).to_have_count(1)
        await keys.press("Enter")
        await expect(agent.box).to_have_value("Je regarde cela.")
        await expect(agent.box).to_be_focused()
        await keys.press("End")
        await keys.write(" Un instant.")
        await keys.press("Enter")
        await expect(ada.log.get_by_text("Je regarde cela. Un instant.")).to_be_visible()

        await keys.press("Escape", "a")
        await expect(page.get_by_role("button", name="Attribuée à Caro Agent, CA")).to_be_visible()

        await keys.go_to(card.get_by_role("button", name="Créer un contact"))
        await keys.press("Enter")
        await expect(card.get_by_label("Prénom")).to_be_focused()
        await keys.write("Grace")
        await keys.press("Tab")
        await keys.write(name)
        await keys.press("Tab")
        await keys.write(f"grace.{mark}@example.com")
        await keys.press("Enter")
        await expect(agent.row(name)).to_be_visible()

        await keys.go_to(card.get_by_role("button", name="Délier le contact"))
        await keys.press("Enter")
        await keys.go_to(card.get_by_label("Rechercher un contact"))
        await keys.write(mark)
        contacts = card.get_by_role("listbox", name="Contacts trouvés")
        await expect(contacts.get_by_role("option")).to_have_count(1)
        await keys.press("Enter")
        await expect(card.get_by_role("button", name="Ajouter un contact")).to_be_focused()
        await keys.press("Enter")
        await expect(card.get_by_role("button", name="Délier le contact")).to_be_visible()

        status = card.get_by_role("radiogroup", name="Statut")
        await keys.go_to(status.get_by_role("radio", checked=True))
        await keys.go_to(status.get_by_role("radio", name="En attente"), "ArrowRight")
        await expect(agent.log.get_by_text(re.compile("→ En attente"))).to_be_visible()
        await keys.go_to(card.get_by_label("Motif"))
        await keys.write(REASON)
        await expect(agent.log.get_by_text(re.compile(f"→ {REASON}"))).to_be_visible()
        priority = card.get_by_role("radiogroup", name="Priorité")
        await keys.go_to(priority.get_by_role("radio", checked=True))
        await keys.go_to(priority.get_by_role("radio", name="Moyenne"), "ArrowRight")
        await expect(agent.log.get_by_text(re.compile("Basse → Moyenne"))).to_be_visible()

        # Letters belong to the fields; from a button they are shortcuts.
        await keys.go_to(card.get_by_role("button", name="Délier le contact"), "Shift+Tab")
        await keys.press("e")
        dialog = page.get_by_role("dialog", name="Clôturer la conversation")
        await expect(dialog.get_by_role("radio", name="Clôturée")).to_be_focused()
        await keys.go_to(dialog.get_by_role("radio", name="En cours"), "ArrowUp")
        await keys.press("Enter")
        await expect(dialog).to_be_hidden()
        await expect(ada.log.get_by_text("Caro Agent a clôturé la conversation.")).to_be_visible()
        row = agent.row(name)
        for told in ("En cours", "Priorité Moyenne", "Attribuée à Caro Agent"):
            await expect(row).to_contain_text(told)
