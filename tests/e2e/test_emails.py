"""E-mails in the console: a stranger's HTML, an answer that crosses another mail, and a mail that is elsewhere's."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage, MIMEPart

import httpx2
import pytest
from guichet_local.testing.stack import Stack
from playwright.async_api import Browser, Locator, Page, Route, expect

from ..attachments import samples
from .axe import violations
from .conftest import People
from .letters import letter
from .pages import ConsolePage
from .test_treatment import PNG

SUPPORT = "support@boutique-lumiere.example"
ELSEWHERE = "https://images.example/lampe.png"
HTML = f"""<html><body onload="top.ran = 1"><p style="color: #00aa55">Bonjour, <b>une photo</b></p>
<p><img src="cid:photo" alt="La lampe"></p><img src="{ELSEWHERE}" alt="La vitrine">
<img src="cid:none" onerror="top.ran = 2" alt=""><script>top.ran = 3</script></body></html>"""

Post = Callable[[EmailMessage], None]


@pytest.fixture
def post(stack: Stack) -> Post:
    """Hands a mail to the desk, as a forwarder does."""

    def hand_over(written: EmailMessage) -> None:
        headers = {"Authorization": f"Bearer {stack.mail_inbound}", "Content-Type": "message/rfc822"}
        url = f"{stack.gateway}/api/v1/mail/inbound"
        httpx2.post(url, content=written.as_bytes(), headers=headers, timeout=20).raise_for_status()

    return hand_over


def from_zoe(mark: str, text: str, answered: EmailMessage | None = None) -> EmailMessage:
    """A mail of a customer's; one that answers another is on its thread."""
    written = letter(f"Zoé {mark} <zoe.{mark}@example.org>", SUPPORT, f"Lampe {mark}", text)
    if answered:
        written["In-Reply-To"] = answered["Message-ID"]
    return written


def with_html(written: EmailMessage) -> EmailMessage:
    """The same with HTML that tries everything, and a picture in it."""
    written.add_alternative(HTML, subtype="html")
    html = written.get_body(("html",))
    assert isinstance(html, MIMEPart)
    html.add_related(PNG, "image", "png", cid="<photo>", filename="photo.png", disposition="inline")
    return written


class Emails(ConsolePage):
    """The console, and the e-mails of its timeline."""

    def email(self, text: str) -> Locator:
        """The e-mail that says ``text``."""
        return self.log.locator(".email").filter(has_text=text)

    async def act(self, email: Locator, action: str) -> None:
        """Choose an action of the e-mail's menu."""
        await email.get_by_role("button", name=re.compile("^Actions sur")).click()
        await self.page.get_by_role("menuitem", name=self.words[action]).click()

    async def follow(self) -> None:
        """Go where the message says that it was done."""
        await self.page.get_by_role("link", name=self.words["app.open"], exact=True).click()


@pytest.fixture
async def caro(people: People, stack: Stack) -> Emails:
    console = Emails(await people(False))
    await console.sign_in(stack.gateway)
    return console


class TestTheHtmlOfAStranger:
    async def test_runs_nothing_keeps_its_looks_and_loads_nothing_from_elsewhere_until_the_agent_asks(
        self, caro: Emails, post: Post, mark: str
    ) -> None:
        asked: list[str] = []

        async def give(route: Route) -> None:
            asked.append(route.request.url)
            await route.fulfill(body=PNG, content_type="image/png")

        await caro.page.route("https://images.example/**", give)
        post(with_html(from_zoe(mark, "Bonjour")))
        await caro.row(mark).click()
        body = caro.page.frame_locator(f"iframe[title='Texte de l’e-mail de Zoé {mark}']")
        await expect(body.get_by_text("Bonjour")).to_have_css("color", "rgb(0, 170, 85)")
        await expect(body.get_by_alt_text("La lampe")).to_have_js_property("naturalWidth", 480)
        assert asked == []
        await caro.page.get_by_role("button", name="Afficher l’image distante").click()
        await expect(body.get_by_alt_text("La vitrine")).to_have_js_property("naturalWidth", 480)
        assert asked == [ELSEWHERE]
        assert await caro.page.evaluate("() => window.ran") is None
        await expect(caro.row(mark).get_by_text("non lu")).to_have_count(0)


@pytest.fixture
async def admin(people: People, stack: Stack) -> Emails:
    console = Emails(await people(False))
    await console.sign_in(stack.gateway, "admin@example.com")
    return console


class TestAFileThatWasRefused:
    async def test_is_told_to_every_agent_and_got_all_the_same_by_who_takes_the_responsibility(
        self, caro: Emails, admin: Emails, post: Post, mark: str
    ) -> None:
        written = from_zoe(mark, "Voici le pilote de la lampe.")
        written.add_attachment(samples.EXE, "application", "octet-stream", filename="pilote.exe")
        written.add_attachment(b"Mode d'emploi\n", "text", "plain", filename="mode d'emploi.txt")
        post(written)
        for console in (caro, admin):
            await console.row(mark).click()
            refused = console.email("Voici le pilote").get_by_role("listitem").filter(has_text="pilote.exe")
            await expect(refused).to_contain_text("Fichier refusé : ce type de fichier n’est pas accepté.")
        get = "Télécharger quand même pilote.exe"
        await expect(caro.page.get_by_role("button", name=get)).to_have_count(0)

        page = admin.page
        await page.get_by_role("button", name=get).click()
        dialog = page.get_by_role("dialog", name="Télécharger « pilote.exe » ?")
        await expect(dialog).to_contain_text("peut contenir un programme nuisible")
        assert await violations(page) == []
        await dialog.get_by_role("button", name="Annuler").click()
        await expect(dialog).to_have_count(0)
        await page.get_by_role("button", name=get).click()
        async with page.expect_download() as download:
            await dialog.get_by_role("button", name="Télécharger quand même").click()
        saved = await download.value
        assert saved.suggested_filename == "pilote.exe"
        assert (await saved.path()).read_bytes() == samples.EXE


class TestAnAnswerThatCrossesAnotherMail:
    async def test_waits_until_its_writer_has_seen_what_arrived(self, caro: Emails, post: Post, mark: str) -> None:
        page = caro.page
        first = from_zoe(mark, "Avez-vous reçu mon colis ?")
        post(first)
        await caro.row(mark).click()
        await caro.box.fill("Pas encore.")
        await expect(page.get_by_role("button", name=caro.words["composer.send"], exact=True)).to_be_enabled()

        # It arrives, and this console has not heard of it.
        late = asyncio.Event()

        async def hold(route: Route) -> None:
            await late.wait()
            await route.continue_()

        await page.route("**/timeline?*", hold)
        post(from_zoe(mark, "Le voici revenu chez moi.", first))
        await expect(caro.row(mark)).to_contain_text("Le voici revenu chez moi.")
        await caro.box.press("Control+Enter")
        dialog = page.get_by_role("dialog", name=caro.words["stale.title"])
        await expect(dialog.get_by_text("Le voici revenu chez moi.")).to_be_visible()
        late.set()
        await dialog.get_by_role("button", name=caro.words["stale.review"]).click()
        await expect(caro.email("Le voici revenu chez moi.")).to_be_visible()
        await expect(caro.email("Pas encore.")).to_have_count(0)

        await caro.box.fill("Je regarde ce qui s’est passé.")
        await caro.box.press("Control+Enter")
        sent = caro.email("Je regarde ce qui s’est passé.")
        await expect(sent.get_by_text(caro.words["email.state.sent"])).to_be_visible()
        await expect(caro.box).to_have_value("")


class TestAnEmailInTheWrongPlace:
    async def test_becomes_a_request_of_its_own_and_is_moved_back_in_one_step_each(
        self, caro: Emails, post: Post, mark: str
    ) -> None:
        first = from_zoe(mark, "Ma lampe clignote.")
        post(first)
        await caro.row(mark).click()
        post(from_zoe(mark, "Autre chose : une facture.", first))
        astray = caro.email("Autre chose : une facture.")
        await expect(astray.get_by_text(caro.words["email.placed.in_reply_to"])).to_be_visible()

        await caro.act(astray, "email.makeOwn")
        await caro.follow()
        await expect(astray.get_by_text("Déplacé ici depuis")).to_be_visible()
        await expect(caro.email("Ma lampe clignote.")).to_have_count(0)

        await caro.act(astray, "email.move")
        await caro.page.get_by_role("combobox", name=caro.words["email.move.search"]).fill(f"Lampe {mark}")
        found = caro.page.get_by_role("listbox", name=caro.words["email.move.found"])
        await expect(found.get_by_role("option")).to_have_count(1)
        await caro.page.keyboard.press("Enter")
        await expect(astray).to_have_count(0)
        await caro.follow()
        await expect(astray).to_be_visible()
        await expect(caro.email("Ma lampe clignote.")).to_be_visible()


@pytest.fixture(params=["light", "dark"])
async def looked_at(request: pytest.FixtureRequest, browser: Browser) -> AsyncIterator[Page]:
    """A page of somebody who prefers light, then dark, and no motion."""
    context = await browser.new_context(locale="fr-FR", color_scheme=request.param, reduced_motion="reduce")
    yield await context.new_page()
    await context.close()


class TestNothingGraveIsFoundByAxe:
    async def test_in_an_email_its_answer_and_its_dialogs(
        self, looked_at: Page, stack: Stack, post: Post, mark: str
    ) -> None:
        caro = Emails(looked_at)
        await caro.sign_in(stack.gateway)
        post(with_html(from_zoe(mark, "Bonjour")))
        await caro.row(mark).click()
        email = caro.email(f"Lampe {mark}")
        await expect(email.get_by_role("button", name="Afficher l’image distante")).to_be_visible()
        await caro.box.fill("Bonjour Zoé")
        await caro.page.get_by_label(caro.words["composer.email.cc"]).fill("personne")
        await expect(caro.page.get_by_text("Ce n’est pas une adresse e-mail : personne")).to_be_visible()
        assert await violations(caro.page) == []
        await caro.act(email, "email.move")
        await expect(caro.page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
        assert await violations(caro.page) == []
        await caro.page.keyboard.press("Escape")
        await caro.page.set_viewport_size({"width": 390, "height": 780})
        assert await violations(caro.page) == []
