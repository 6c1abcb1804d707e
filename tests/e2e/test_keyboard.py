"""Every step of the treatment works with the keyboard alone: the nine of the guide, in their order."""

import re
import uuid

import httpx2
import pytest
from guichet_local.testing.stack import Stack
from playwright.async_api import FilePayload, Page, expect

from .chapters import CHAT
from .conftest import People
from .keyboard import Keyboard
from .pages import PASSWORD, ConsolePage, CustomerPage

TEMPLATE = "Réponse au clavier"
REASON = "Garantie au clavier"
NOTICE = FilePayload(name="notice.txt", mimeType="text/plain", buffer="Mode d’emploi\n".encode())
EMPTY = FilePayload(name="vide.txt", mimeType="text/plain", buffer=b"")
LETTER = FilePayload(name="lettre.txt", mimeType="text/plain", buffer=b"Bonjour\n")


@pytest.fixture(scope="module")
def prepared(stack: Stack) -> None:
    """A template and a reason, which administrators keep."""
    with httpx2.Client(base_url=f"{stack.gateway}/api/v1", timeout=20, headers={"Origin": stack.gateway}) as http:
        answer = http.post("/auth/login", json={"email": "admin@example.com", "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        template = {"name": TEMPLATE, "language": "fr", "body": "Je regarde cela."}
        for path, kept in (("/templates", template), ("/reasons", {"label": {"fr": REASON, "en": "Warranty, by key"}})):
            answer = http.post(path, json={"id": str(uuid.uuid4()), **kept})
            assert answer.status_code == 201, answer.text


async def sign_in(keys: Keyboard, page: Page, url: str, email: str) -> None:
    """Go to ``url`` and sign in."""
    await page.goto(url)
    await keys.go_to(page.get_by_label("Adresse e-mail"))
    await keys.write(email)
    await keys.go_to(page.get_by_label("Mot de passe"))
    await keys.write(PASSWORD)
    await keys.press("Enter")


class Treatment:
    """The steps of one request, by the agent's keys."""

    def __init__(self, agent: ConsolePage, ada: CustomerPage, mark: str) -> None:
        self.agent, self.page, self.keys = agent, agent.page, Keyboard(agent.page)
        self.ada, self.mark = ada, mark
        self.card = self.page.get_by_role("complementary", name="Fiche de la demande")
        self.contact = f"Hopper {mark}"

    async def find(self) -> None:
        """A view, a filter, a search, all cleared at once; then the newest request, which is the list's first."""
        await self.keys.push(self.page.get_by_role("link", name="Demandes ouvertes"))
        await expect(self.agent.row(self.mark)).to_be_visible()
        await self.keys.go_to(self.page.get_by_label("Filtrer par canal"))
        await self.keys.write("Chat")
        await expect(self.page).to_have_url(re.compile("channel=chat"))
        await self.keys.go_to(self.page.get_by_label("Rechercher une demande"), "Shift+Tab")
        await self.keys.write("nulle part")
        await expect(self.page.get_by_text("Aucune demande ne correspond à ces filtres.")).to_be_visible()
        await self.keys.push(self.page.get_by_role("button", name="Effacer les filtres").first)
        await expect(self.agent.rows.first).to_contain_text(self.mark)
        await self.keys.press("j")
        await expect(self.agent.row(self.mark)).to_be_focused()
        await self.keys.press("Enter")
        await expect(self.agent.box).to_be_focused()

    async def template(self) -> None:
        """Found by a few letters, completed, sent."""
        await self.keys.press("Escape", "t")
        await expect(self.page.get_by_label("Rechercher un modèle")).to_be_focused()
        await self.keys.write("clavier")
        templates = self.page.get_by_role("listbox", name="Modèles de réponse")
        await expect(templates.get_by_role("option")).to_have_count(1)
        await self.keys.press("Enter")
        await expect(self.agent.box).to_have_value("Je regarde cela.")
        await expect(self.agent.box).to_be_focused()
        await self.keys.press("End")
        await self.keys.write(" Un instant.")
        await self.keys.press("Enter")
        await expect(self.ada.log.get_by_text("Je regarde cela. Un instant.")).to_be_visible()

    async def answer(self) -> None:
        """Two lines in one message."""
        await self.keys.write("Depuis quand ?")
        await self.keys.press("Shift+Enter")
        await self.keys.write("Avec quelle ampoule ?")
        await self.keys.press("Enter")
        await expect(self.ada.log.get_by_text("Depuis quand ?\nAvec quelle ampoule ?")).to_be_visible()

    async def file(self) -> None:
        """Two are chosen, one is refused and taken out, the other sent; then the customer's comes, and is saved."""
        clip = self.page.get_by_role("button", name="Joindre des fichiers")
        await self.keys.choose_files(clip, NOTICE, EMPTY, key="Shift+Tab")
        await expect(self.page.get_by_text("Ce fichier est vide.")).to_be_visible()
        await self.keys.push(self.page.get_by_role("button", name=f"Retirer {EMPTY['name']}"))
        await expect(self.page.get_by_role("list", name="Fichiers joints").get_by_role("listitem")).to_have_count(1)
        await self.keys.go_to(self.agent.box, "Shift+Tab")
        await self.keys.write("Voici la notice.")
        await expect(self.page.get_by_role("progressbar")).to_have_count(0)
        await self.keys.press("Enter")
        await expect(self.ada.log.get_by_role("button", name=re.compile(NOTICE["name"]))).to_be_visible()

        theirs = Keyboard(self.ada.page)
        await self.ada.box.focus()
        clip = self.ada.widget.get_by_role("button", name="Joindre des fichiers")
        await theirs.choose_files(clip, LETTER, key="Shift+Tab")
        await expect(self.ada.widget.get_by_text("Prêt")).to_be_visible()
        await theirs.go_to(self.ada.box)
        await theirs.write("Voici ma lettre.")
        await theirs.press("Enter")
        await self.save_letter()

    async def save_letter(self) -> None:
        """The customer's file, from the timeline."""
        letter = self.agent.log.get_by_role("button", name=re.compile(LETTER["name"]))
        await expect(letter).to_be_visible()
        async with self.page.expect_download() as download:
            await self.keys.push(letter, "Shift+Tab")
        assert (await download.value).suggested_filename == LETTER["name"]

    async def assign(self) -> None:
        """To oneself by one key; to another from the list, and back."""
        await self.keys.press("a")
        for holder, other, letters in (
            ("Caro Agent, CA", "Alex Martin, AM", "alex"),
            ("Alex Martin, AM", "Caro Agent, CA", "caro"),
        ):
            await self.keys.push(self.page.get_by_role("button", name=f"Attribuée à {holder}"), "Shift+Tab")
            await expect(self.page.get_by_label("Rechercher un conseiller")).to_be_focused()
            await self.keys.write(letters)
            await expect(self.page.locator(".agent-list").get_by_role("button")).to_have_count(1)
            await self.keys.press("Enter")
            await expect(self.page.get_by_role("button", name=f"Attribuée à {other}")).to_be_visible()

    async def link(self) -> None:
        """Created; unlinked; found again and linked."""
        await self.keys.push(self.card.get_by_role("button", name="Créer un contact"))
        await expect(self.card.get_by_label("Prénom")).to_be_focused()
        await self.keys.write("Grace")
        await self.keys.press("Tab")
        await self.keys.write(self.contact)
        await self.keys.press("Tab")
        await self.keys.write(f"grace.{self.mark}@example.com")
        await self.keys.press("Enter")
        await expect(self.agent.row(self.contact)).to_be_visible()
        unlink = self.card.get_by_role("button", name="Délier le contact")
        await self.keys.push(unlink)
        await self.keys.go_to(self.card.get_by_label("Rechercher un contact"))
        await self.keys.write(self.mark)
        contacts = self.card.get_by_role("listbox", name="Contacts trouvés")
        await expect(contacts.get_by_role("option")).to_have_count(1)
        await self.keys.press("Enter")
        await expect(self.card.get_by_role("button", name="Ajouter un contact")).to_be_focused()
        await self.keys.press("Enter")
        await expect(unlink).to_be_visible()

    async def qualify(self) -> None:
        """Status, reason, priority."""
        status = self.card.get_by_role("radiogroup", name="Statut")
        await self.keys.go_to(status.get_by_role("radio", checked=True))
        await self.keys.go_to(status.get_by_role("radio", name="En attente"), "ArrowRight")
        await expect(self.agent.log.get_by_text(re.compile("→ En attente"))).to_be_visible()
        await self.keys.go_to(self.card.get_by_label("Motif"))
        await self.keys.write(REASON)
        await expect(self.agent.log.get_by_text(re.compile(f"→ {REASON}"))).to_be_visible()
        priority = self.card.get_by_role("radiogroup", name="Priorité")
        await self.keys.go_to(priority.get_by_role("radio", checked=True))
        await self.keys.go_to(priority.get_by_role("radio", name="Moyenne"), "ArrowRight")
        await expect(self.agent.log.get_by_text(re.compile("Basse → Moyenne"))).to_be_visible()

    async def close(self) -> None:
        """Letters belong to the fields; from a button they are shortcuts."""
        await self.keys.go_to(self.card.get_by_role("button", name="Délier le contact"), "Shift+Tab")
        await self.keys.press("e")
        dialog = self.page.get_by_role("dialog", name="Clôturer la conversation")
        await expect(dialog.get_by_role("radio", name="Clôturée")).to_be_focused()
        await self.keys.go_to(dialog.get_by_role("radio", name="En cours"), "ArrowUp")
        await self.keys.press("Enter")
        await expect(dialog).to_be_hidden()
        await expect(self.ada.log.get_by_text("Caro Agent a clôturé la conversation")).to_be_visible()
        for told in ("En cours", "Priorité Moyenne", "Attribuée à Caro Agent"):
            await expect(self.agent.row(self.contact)).to_contain_text(told)

    async def go_on(self) -> None:
        """What was sent can still be saved; a note is added to the request."""
        await self.save_letter()
        await self.keys.press("n")
        await expect(self.page.get_by_role("textbox", name="Votre note")).to_be_focused()
        await self.keys.write("À rappeler demain.")
        await self.keys.press("Control+Enter")
        await expect(self.agent.log.get_by_text("À rappeler demain.")).to_be_visible()


@pytest.mark.usefixtures("prepared")
@pytest.mark.timeout(300)
class TestTheKeyboardAlone:
    async def test_treats_a_request_from_finding_it_to_continuing_it(
        self, ada: CustomerPage, people: People, stack: Stack, mark: str
    ) -> None:
        await ada.write(f"Bonjour {mark}")
        agent = ConsolePage(await people(False))
        await sign_in(Keyboard(agent.page), agent.page, stack.gateway, "caro@example.com")
        one = Treatment(agent, ada, mark)
        steps = {
            "find": one.find,
            "template": one.template,
            "answer": one.answer,
            "file": one.file,
            "assign": one.assign,
            "contact": one.link,
            "qualify": one.qualify,
            "close": one.close,
            "continue": one.go_on,
        }
        assert [*steps] == [step.name for step in CHAT.steps]
        for play in steps.values():
            await play()

    async def test_keeps_a_template_with_a_file(self, people: People, stack: Stack, mark: str) -> None:
        page = await people(False)
        keys = Keyboard(page)
        await sign_in(keys, page, f"{stack.gateway}/settings/templates", "admin@example.com")
        await keys.push(page.get_by_role("button", name="Créer un modèle"))
        form = page.get_by_role("form", name="Créer un modèle")
        await keys.go_to(form.get_by_label("Nom du modèle"))
        await keys.write(f"Notice {mark}")
        await keys.go_to(form.get_by_label("Texte"))
        await keys.write("Voici la notice.")
        await keys.choose_files(form.get_by_role("button", name="Joindre des fichiers"), NOTICE)
        await expect(form.get_by_role("listitem")).to_contain_text(NOTICE["name"])
        await expect(form.get_by_role("button", name="Enregistrer")).to_be_enabled()
        await keys.push(form.get_by_role("button", name="Enregistrer"))
        await expect(page.get_by_role("button", name=f"Modifier Notice {mark}")).to_be_visible()
