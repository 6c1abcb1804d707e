"""The exchange goes on by e-mail, on the same request: by a real Postfix, to and from a real mailbox in Dovecot."""

import json
import re
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from guichet_local.ports import Ports
from guichet_local.testing import SERVERS, StartsMail
from guichet_local.testing.mail import CUSTOMERS, Inbox, MailServers
from guichet_local.testing.stack import Stack
from playwright.async_api import FilePayload, Locator, expect

from ..attachments import samples
from .axe import violations
from .chapters import EMAIL
from .conftest import People
from .guide import LANGUAGES, LOCALES, Guide
from .letters import answer, letter, opened, said
from .pages import ConsolePage, CustomerPage
from .test_treatment import NOTICE, PNG

DESK = "desk.example"
SUPPORT = f"support@{DESK}"


@pytest.fixture(scope="module")
def ports() -> Ports:
    return Ports.free()


@pytest.fixture(scope="module")
def mail(mail_servers: StartsMail, ports: Ports) -> MailServers:
    """Postfix, which hands the desk's mail to mailer and the customers' to Dovecot."""
    return mail_servers({DESK: f"lmtp:inet:127.0.0.1:{ports['lmtp']}"})


@pytest.fixture(scope="module")
def stack(pytestconfig: pytest.Config, mail: MailServers, ports: Ports) -> Iterator[Stack]:
    """The whole system, whose mailbox is on that Postfix: STARTTLS, verified, signed in."""
    box = {"id": "support", "address": SUPPORT, "name": "Boutique Lumière", "smtp_url": mail.submission_url(SUPPORT)}
    environment = {
        "GUICHET_MAILBOXES": json.dumps([box]),
        "GUICHET_MAIL_DOMAIN": DESK,
        "GUICHET_UNLISTED_FILES": "keep",
        "SSL_CERT_FILE": str(mail.certificate),
    }
    running = Stack(pytestconfig.stash[SERVERS].background, environment, ports)
    try:
        running.start_all()
        yield running
    finally:
        running.stop_all()


class Desk(ConsolePage):
    """The console, and what e-mail needs of it."""

    @property
    def emails(self) -> Locator:
        """The e-mails of the timeline."""
        return self.log.locator(".email")

    async def link_new_contact(self, name: str, address: str) -> None:
        """Make a contact with an address, for the request that is open."""
        await self.page.get_by_role("button", name=self.words["contact.new"]).click()
        await self.page.get_by_label(self.words["contact.last_name"], exact=True).fill(name)
        await self.page.get_by_label(self.words["contact.email"]).last.fill(address)
        await self.page.get_by_role("button", name=self.words["contact.create"]).click()
        await expect(self.row(name)).to_be_visible()

    async def prepare_email(self, text: str, *files: FilePayload) -> None:
        """Write an e-mail; returns when its files are there."""
        if files:
            await self.page.get_by_label(self.words["file.field"]).set_input_files(list(files))
            await expect(self.page.get_by_role("list", name=self.words["file.attached"])).to_be_visible()
        await self.box.fill(text)
        await expect(self.page.get_by_role("progressbar")).to_have_count(0)

    async def send_email(self) -> None:
        """Send what was written; returns when it is said to be sent."""
        before = await self.emails.count()
        await self.page.get_by_role("button", name=self.words["composer.send"], exact=True).click()
        await expect(self.emails).to_have_count(before + 1)
        await expect(self.emails.last.get_by_text(self.words["email.state.sent"])).to_be_visible()

    async def set_status(self, before: str, after: str) -> None:
        """Choose a status in the request's menu."""
        label = self.words["request.status"].format(status=before)
        await self.page.get_by_role("button", name=label).click()
        await self.page.get_by_role("menuitemradio", name=after).click()


@pytest.fixture
async def caro(people: People, stack: Stack) -> Desk:
    desk = Desk(await people(False))
    await desk.sign_in(stack.gateway)
    return desk


async def arrived(inbox: Inbox, count: int) -> EmailMessage:
    """The newest mail, once there are so many."""
    return opened((await inbox.wait_for(count))[-1])


def post(inbox: Inbox, written: EmailMessage) -> None:
    """Send a mail from there."""
    inbox.send(written.as_bytes(), written["To"].addresses[0].addr_spec)


SAID = {
    "fr": {
        "hello": "Bonjour, ma lampe clignote.",
        "going on": "Je vous écris par e-mail.",
        "notice": "mode d’emploi.txt",
        "first": "Bonjour,\n\nvoici le mode d’emploi. Avez-vous une photo ?",
        "question": "Avez-vous une photo ?",
        "photo": "Voici la photo.",
        "thanks": "Merci ! C’est l’ampoule.",
        "again": "Elle clignote toujours.",
    },
    "en": {
        "hello": "Hello, my lamp flickers.",
        "going on": "I am writing to you by e-mail.",
        "notice": "instructions – lamp.txt",
        "first": "Hello,\n\nhere are the instructions. Do you have a photo?",
        "question": "Do you have a photo?",
        "photo": "Here is the photo.",
        "thanks": "Thank you! It is the bulb.",
        "again": "It still flickers.",
    },
}


@pytest.mark.timeout(240)
class TestTheExchangeGoesOnByEmail:
    @pytest.mark.parametrize("language", LANGUAGES)
    async def test_from_a_chat_to_mails_both_ways_and_a_closed_request_that_opens_again(
        self, language: str, people: People, stack: Stack, mail: MailServers, mark: str
    ) -> None:
        guide, locale, say = Guide(EMAIL, language), LOCALES[language], SAID[language]
        site = f"{stack.demo_site}/en/" if language == "en" else f"{stack.gateway}/demo"
        ada = await CustomerPage(await people(True, locale), language).visit(site)
        caro = Desk(await people(False, locale), language)
        await caro.sign_in(stack.gateway)
        page, words = caro.page, caro.words
        inbox = mail.inbox(f"ada.{mark}@{CUSTOMERS}")

        # A chat, a contact with an address, and the conversation closed: the request goes on
        await ada.write(f"{say['hello']} ({mark})")
        await caro.row(mark).click()
        await caro.write(say["going on"])
        await expect(ada.log.get_by_text(say["going on"])).to_be_visible()
        await caro.link_new_contact(f"Lovelace {mark}", inbox.address)
        await caro.close_conversation(words["status.in_progress"])
        await page.evaluate("() => { window.neverReloaded = true }")

        # An e-mail with a file, from the same request, in the customer's own mailbox
        notice = FilePayload(name=say["notice"], mimeType="text/plain", buffer=NOTICE)
        await caro.prepare_email(say["first"], notice)
        await guide.picture("email-write", page)
        await caro.send_email()
        await guide.picture("email-sent", page)
        first = await arrived(inbox, 1)
        assert first["From"].addresses[0].addr_spec == SUPPORT
        assert first["To"].addresses[0].addr_spec == inbox.address
        assert first["Reply-To"].addresses[0].addr_spec.startswith("support+")
        assert re.fullmatch(rf"<[0-9a-f-]{{36}}@{DESK}>", first["Message-ID"])
        assert first["Date"].datetime
        assert all(say["question"] in said(first, kind) for kind in ("plain", "html"))
        (attached,) = first.iter_attachments()
        assert (attached.get_filename(), attached.get_content().encode()) == (notice["name"], NOTICE)

        # The answer from there, with a quote and a picture, is under the chat, live
        post(inbox, answer(first, inbox.address, say["photo"], PNG, language))
        reply = caro.emails.nth(1)
        body = reply.frame_locator(f"iframe[title='{words['email.body'].format(name=inbox.address)}']")
        await expect(body.get_by_text(say["photo"])).to_be_visible()
        await expect(body.get_by_text(say["question"])).to_have_count(0)
        picture = body.get_by_alt_text("La lampe")
        await expect(picture).to_have_js_property("naturalWidth", 480)
        await reply.scroll_into_view_if_needed()
        await guide.picture("email-reply", page)
        await reply.get_by_text(words["email.quoted"], exact=True).click()
        quote = reply.frame_locator("iframe").last
        await expect(quote.get_by_text(say["question"])).to_be_visible()
        await expect(reply.get_by_text(words["email.placed.reply_address"])).to_be_visible()
        chat = await caro.log.get_by_text(say["going on"]).bounding_box()
        assert chat
        tops = [box["y"] for box in [await email.bounding_box() for email in await caro.emails.all()] if box]
        assert chat["y"] < tops[0] < tops[1]

        # Answered again, in the customer's thread
        await caro.prepare_email(say["thanks"])
        await caro.send_email()
        await guide.picture("email-thread", page)
        second = await arrived(inbox, 2)
        assert second["References"].split()[0] == first["Message-ID"]
        assert second["In-Reply-To"] == second["References"].split()[-1] != first["Message-ID"]

        # Closed; and a mail after that opens it again
        await caro.set_status(words["status.in_progress"], words["status.closed"])
        await caro.view(words["requests.view.open"])
        await expect(caro.row(f"Lovelace {mark}")).to_have_count(0)
        post(inbox, answer(second, inbox.address, say["again"], language=language))
        await expect(caro.row(f"Lovelace {mark}")).to_contain_text(words["status.in_progress"])
        await expect(caro.row(f"Lovelace {mark}")).to_contain_text(say["again"])
        await expect(caro.emails).to_have_count(4)
        await guide.picture("email-reopened", page)
        assert await page.evaluate("() => window.neverReloaded")
        guide.write()


@pytest.mark.timeout(240)
class TestAFileThatCouldRun:
    async def test_is_kept_for_download_only_where_the_operator_says_so_and_not_without_a_warning(
        self, caro: Desk, mail: MailServers, mark: str
    ) -> None:
        inbox = mail.inbox(f"ada.{mark}@{CUSTOMERS}")
        written = letter(inbox.address, SUPPORT, f"Pilote {mark}", "Voici le pilote de ma lampe.")
        written.add_attachment(samples.EXE, "application", "octet-stream", filename="pilote.exe")
        written.add_attachment(PNG, "image", "png", filename="lampe.png")
        post(inbox, written)
        page = caro.page
        await caro.row(mark).click()
        files = caro.emails.last.get_by_role("button", name=re.compile("^Télécharger"))
        kept, picture = files.filter(has_text="pilote.exe"), files.filter(has_text="lampe.png")
        await expect(kept).to_contain_text("Peut lancer un programme")
        await expect(picture).not_to_contain_text("Peut lancer un programme")

        dialog = page.get_by_role("dialog", name="Télécharger « pilote.exe » ?")
        await kept.click()
        await expect(dialog).to_contain_text("Ne l’ouvrez que si vous savez ce que c’est")
        assert await violations(page) == []
        await dialog.get_by_role("button", name="Annuler").click()
        await expect(dialog).to_have_count(0)
        await kept.click()
        async with page.expect_download() as download:
            await dialog.get_by_role("button", name="Télécharger quand même").click()
        saved = await download.value
        assert saved.suggested_filename == "pilote.exe"
        assert (await saved.path()).read_bytes() == samples.EXE
        async with page.expect_download() as download:
            await picture.click()
        assert (await download.value).suggested_filename == "lampe.png"
        await expect(dialog).to_have_count(0)


class TestAStranger:
    async def test_gets_onto_a_request_neither_by_its_number_nor_by_a_forged_address_and_never_unmarked(
        self, caro: Desk, mail: MailServers, mark: str
    ) -> None:
        words = caro.words
        inbox, stranger = (mail.inbox(f"{name}.{mark}@{CUSTOMERS}") for name in ("ada", "mallory"))

        # A mail that belongs to nothing begins a request, and finds its contact by its address
        post(inbox, letter(inbox.address, SUPPORT, f"Ma commande {mark}", "Où est ma commande ?"))
        await caro.row("Où est ma commande ?").click()
        await expect(caro.emails).to_have_count(1)
        number = await caro.page.get_by_role("heading", level=1, name="#").inner_text()
        await caro.prepare_email("Elle part demain.")
        await caro.send_email()
        reply_to = (await arrived(inbox, 1))["Reply-To"].addresses[0].addr_spec

        # With the request's number in its subject, to an address with one character changed: a request of its own
        begin, _, token = reply_to.partition("+")
        forged = f"{begin}+{'b' if token[0] != 'b' else 'c'}{token[1:]}"
        subject = f"{number.split()[0]} {mark}"
        post(stranger, letter(stranger.address, forged, subject, "Je suis de la maison."))
        await expect(caro.row("Je suis de la maison.")).to_be_visible()
        await expect(caro.emails).to_have_count(2)

        # To the true address, which they may have got to know: shown, and marked
        post(stranger, letter(stranger.address, reply_to, subject, "Annulez la commande."))
        await expect(caro.emails).to_have_count(3)
        await expect(caro.emails.last.get_by_text(words["email.otherSender"], exact=True)).to_be_visible()
        await caro.row("Je suis de la maison.").click()
        await expect(caro.emails.get_by_text(words["email.forged"], exact=True)).to_be_visible()
        await expect(caro.emails.get_by_text(words["email.placed.new_request"])).to_be_visible()
