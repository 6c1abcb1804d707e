"""The page of the demo customers' mailbox, in a real browser behind the real nginx."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from guichet_local import demo
from guichet_local.data import private_folder
from guichet_local.ports import Ports
from guichet_local.servers import gateway
from guichet_local.settings import WORKSPACE
from guichet_local.supervisor import Supervisor
from guichet_local.system import inherited_environment
from playwright.async_api import Browser, Page, expect

from tests.e2e.axe import violations

HOSTILE = """<p>Bonjour Ada</p><script>parent.document.title = "owned"</script>
<img src="x" onerror="parent.document.title = 'owned'"><form action="https://evil.example"><input></form>"""


@dataclass
class Desk:
    """The desk as the customer's mail server knows it: writes by one port, listens on the other."""

    port: int
    received: list[Envelope] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.received.append(envelope)
        return "250 OK"

    async def write(self, subject: str, html: str = "", to: str = "ada@example.org") -> None:
        message = EmailMessage()
        message["From"], message["To"] = "Boutique Lumière <support@boutique-lumiere.example>", to
        message["Subject"], message["Message-ID"] = subject, f"<{len(subject)}@desk>"
        message.set_content("Bonjour Ada,\nvotre lampe est réparée.\n")
        if html:
            message.add_alternative(html, subtype="html")
        await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.port) as session:
            session.send_message(message)


@dataclass
class Mailbox:
    """The page, open in a browser, and the desk that writes to it."""

    page: Page
    desk: Desk
    url: str


@pytest.fixture
async def mailbox(browser: Browser, tmp_path: Path) -> AsyncIterator[Mailbox]:
    ports = Ports.free()
    settings = gateway.Gateway(
        host="127.0.0.1",
        templates=WORKSPACE / "deploy" / "gateway",
        console=tmp_path,
        public_url="http://localhost:1",
        demo_site=WORKSPACE / "deploy" / "local" / "demo_site",
    )
    supervisor = Supervisor(tmp_path, inherited_environment(), report=print)
    desk = Desk(ports["demo-smtp"])
    listening = Controller(desk, hostname="127.0.0.1", port=ports["smtp"])
    listening.start()
    await supervisor.start(
        [
            gateway.program(tmp_path / "gateway", settings, ports),
            demo.mail_program(private_folder(tmp_path / "mail"), ports),
        ]
    )
    context = await browser.new_context(locale="fr-FR")
    page = await context.new_page()
    url = f"http://127.0.0.1:{ports['demo-site']}"
    yield Mailbox(page, desk, url)
    await context.close()
    await supervisor.stop()
    listening.stop()


class TestTheMailbox:
    async def test_a_letter_arrives_by_itself_and_is_answered_with_the_keyboard_alone(self, mailbox: Mailbox) -> None:
        page = mailbox.page
        await page.goto(f"{mailbox.url}/mail")
        await expect(page.get_by_text("Aucun message pour le moment")).to_be_visible()
        await mailbox.desk.write("Votre lampe")
        await expect(page.get_by_role("status")).to_have_text("Nouveau message : Votre lampe", timeout=15_000)

        row = page.get_by_role("button", name="Votre lampe")
        await expect(row).to_contain_text("Non lu")
        await row.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Votre lampe")).to_be_visible()
        await expect(page.locator("#letter")).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.type("Merci beaucoup")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_have_text("Votre message est parti.", timeout=15_000)
        await expect(page.get_by_role("list", name="Vos réponses")).to_contain_text("Merci beaucoup", timeout=15_000)
        (sent,) = mailbox.desk.received
        assert (sent.mail_from, sent.rcpt_tos) == ("ada@example.org", ["support@boutique-lumiere.example"])

    async def test_the_html_of_a_letter_is_shown_and_does_nothing(self, mailbox: Mailbox) -> None:
        page = mailbox.page
        elsewhere: list[str] = []
        page.on("request", lambda request: elsewhere.append(request.url))
        await mailbox.desk.write("Avec du HTML", HOSTILE)
        await page.goto(f"{mailbox.url}/en/mail")
        await page.get_by_role("button", name="Avec du HTML").click()
        frame = page.frame_locator("iframe")
        await expect(frame.get_by_text("Bonjour Ada")).to_be_visible()
        assert await page.title() == "Mailbox · a customer of Boutique Lumière"
        assert all(url.startswith((mailbox.url, "about:", "data:")) for url in elsewhere)
        await page.get_by_role("button", name="Text only").click()
        await expect(page.get_by_text("votre lampe est réparée.").last).to_be_visible()

    async def test_a_new_letter_is_written_and_one_that_cannot_leave_stays(self, mailbox: Mailbox) -> None:
        page = mailbox.page
        await page.goto(f"{mailbox.url}/mail?to=grace@example.com")
        await page.get_by_role("button", name="Écrire à la boutique").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Objet").fill("Ma lampe")
        await dialog.get_by_label("Message").fill("Elle clignote.")
        await page.route("**/api/mail", lambda route: route.abort())
        await dialog.get_by_role("button", name="Envoyer").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("Le message n’est pas parti")
        await page.unroute("**/api/mail")
        await dialog.get_by_role("button", name="Envoyer").click()
        await expect(dialog).to_be_hidden(timeout=15_000)
        assert mailbox.desk.received[0].mail_from == "grace@example.com"

    async def test_everybody_can_use_it(self, mailbox: Mailbox) -> None:
        page = mailbox.page
        await mailbox.desk.write("Votre lampe", "<p>Bonjour</p>")
        await page.goto(f"{mailbox.url}/mail")
        await page.get_by_role("button", name="Votre lampe").click()
        await expect(page.get_by_label("Votre réponse")).to_be_visible()
        assert await violations(page) == []
        await page.get_by_role("button", name="Écrire à la boutique").click()
        assert await violations(page) == []
