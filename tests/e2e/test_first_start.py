"""An operator begins with nothing: `GUICHET_DEMO=0 make up` on empty data, set up as docs/operations.md says."""

import asyncio
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import aio_pika
import httpx2
import pytest
from aiormq.exceptions import AMQPError
from guichet_local import demo
from guichet_local.ports import free_port, free_ports
from guichet_local.servers import rabbitmq
from guichet_local.testing import StartsMail
from guichet_local.testing.mail import CUSTOMERS, MailServers
from guichet_local.testing.stack import GivenStack
from playwright.async_api import Page, expect

from .conftest import People
from .letters import letter, opened, said
from .pages import CustomerPage
from .test_mail import Desk

pytestmark = pytest.mark.timeout(600)
DESK = "desk.example"
SUPPORT = f"support@{DESK}"
ADMINISTRATOR = f"ida@{DESK}"
START_SECONDS = 300
PASSWORD = "ein-langes-Passwort-2026"


class Installation(GivenStack):
    """`make up` in a process of its own; `site` is the page of a shop that carries the widget."""

    def __init__(self, folder: Path, mail: MailServers, ports: range, site: str) -> None:
        gateway, base = ports[-2], ports[0]  # the last one is the demo site's
        super().__init__(f"http://localhost:{gateway}", site)
        self._folder = folder
        box = {"id": "support", "address": SUPPORT, "name": "Boutique", "smtp_url": mail.submission_url(SUPPORT)}
        shop = {"key": "shop", "name": "Boutique", "origins": [site]}
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GUICHET_")},
            "GUICHET_DEMO": "0",
            "GUICHET_DATA": str(folder / "data"),
            "GUICHET_PORT": str(gateway),
            "GUICHET_PORT_BASE": str(base),
            "GUICHET_ADMIN_EMAIL": ADMINISTRATOR,
            "GUICHET_MAIL_DOMAIN": DESK,
            "GUICHET_MAILBOXES": json.dumps([box]),
            "GUICHET_WIDGET_SITES": json.dumps([shop]),
            "SSL_CERT_FILE": str(mail.certificate),
        }
        self._output = folder / "up.txt"

    def start(self) -> None:
        """Start it; returns at once."""
        with self._output.open("wb") as output:
            command = [sys.executable, "-m", "guichet_local", "up"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=output, stderr=output)

    async def link(self) -> str:
        """The link that it prints when it is ready."""
        async with asyncio.timeout(START_SECONDS):
            while not (found := re.search(r"^ +(\S+/#/welcome/\S+)$", self._output.read_text(), re.MULTILINE)):
                assert self._process.poll() is None, self._output.read_text()
                await asyncio.sleep(0.2)
        return found[1]

    async def ctl(self, *arguments: str) -> str:
        """What `make ctl` answers."""
        command = [sys.executable, "-m", "guichet_local", "ctl", *arguments]
        done = await asyncio.to_thread(
            subprocess.run, command, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def secrets(self) -> dict[str, str]:
        """What was made once, in the data folder."""
        found: dict[str, str] = json.loads((self._folder / "data" / "keys" / "secrets.json").read_text())
        return found

    def stop(self) -> None:
        """`make down`."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


@pytest.fixture(scope="module")
def ports() -> range:
    return free_ports(140)


@pytest.fixture(scope="module")
def mail(mail_servers: StartsMail, ports: range) -> MailServers:
    # Where mailer takes mail in moves with the base (docs/running-locally.md).
    return mail_servers({DESK: f"lmtp:inet:127.0.0.1:{ports[43]}"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, ports: range) -> Iterator[str]:
    """The shop's page, as docs/operations.md has it."""
    folder = tmp_path_factory.mktemp("site")
    script = f'<script async src="http://localhost:{ports[-2]}/widget.js" data-key="shop"></script>'
    page = f'<!doctype html><html lang="fr"><title>Boutique</title><link rel="icon" href="data:,">{script}</html>'
    (folder / "index.html").write_text(page)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), partial(Quiet, directory=str(folder)))
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture(scope="module")
def stack(mail: MailServers, ports: range, site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GivenStack]:
    made = Installation(tmp_path_factory.mktemp("installation"), mail, ports, site)
    made.start()
    yield made
    made.stop()


async def set_password(page: Page, link: str) -> Desk:
    """What somebody does with the link they were given."""
    desk = Desk(page)
    await page.goto(link)
    await page.get_by_label(desk.words["session.password"], exact=True).fill(PASSWORD)
    await page.get_by_label(desk.words["welcome.repeat"]).fill(PASSWORD)
    await page.get_by_role("button", name=desk.words["welcome.set"]).click()
    await expect(page.get_by_role("list", name=desk.words["requests.title"])).to_be_attached()
    return desk


class TestAFirstStart:
    async def test_goes_from_nothing_to_a_chat_and_a_mail_that_are_answered(
        self, people: People, stack: Installation, mail: MailServers, mark: str
    ) -> None:
        # The first administrator gets in by the printed link, which works once
        link = await stack.link()
        await set_password(await people(False), link)
        async with httpx2.AsyncClient(base_url=stack.gateway) as http:
            again = await http.post(
                "/api/v1/auth/welcome", json={"token": link.rpartition("/")[2], "password": PASSWORD}
            )
            assert again.status_code >= 400
            # ... and nobody by a password that is known
            for account in demo.ACCOUNTS:
                known = {"email": account.email, "password": demo.PASSWORD}
                assert (await http.post("/api/v1/auth/login", json=known)).status_code == 401
            known = {"email": ADMINISTRATOR, "password": demo.PASSWORD}
            assert (await http.post("/api/v1/auth/login", json=known)).status_code == 401

        # Two agents
        agents = []
        for name in ("Caro Agent", "Malo Agent"):
            address = f"{name.split()[0].lower()}@{DESK}"
            told = await stack.ctl("agents", "create", "--email", address, "--name", name)
            found = re.search(r"\S+/#/welcome/\S+", told)
            assert found, told
            agents.append(await set_password(await people(False), found[0]))
        listed = json.loads(await stack.ctl("agents", "list", "--json"))
        assert [(one["role"], one["has_password"]) for one in listed] == [("admin", True), *[("agent", True)] * 2]
        caro, malo = agents

        # A chat, from the shop's own page
        page = await people(True)
        await page.goto(stack.demo_site)
        ada = CustomerPage(page)
        await ada.open()
        await ada.write(f"Bonjour, ma lampe clignote. {mark}")
        await caro.row(mark).click()
        await caro.write("Je regarde cela.")
        await expect(ada.log.get_by_text("Je regarde cela.")).to_be_visible()

        # A mail, to the mailbox and back
        inbox = mail.inbox(f"ada.{mark}@{CUSTOMERS}")
        written = letter(inbox.address, SUPPORT, f"Ma commande {mark}", "Où est ma commande ?")
        inbox.send(written.as_bytes(), SUPPORT)
        await malo.row("Où est ma commande ?").click()
        await malo.prepare_email("Elle part demain.")
        await malo.send_email()
        answer = opened((await inbox.wait_for(1))[-1])
        assert "Elle part demain." in said(answer, "plain")
        assert answer["From"].addresses[0].addr_spec == SUPPORT

    async def test_has_no_known_password_of_its_servers(self, stack: Installation, ports: range) -> None:
        made = stack.secrets()
        assert len(set(made.values())) == len(made)
        assert all(len(secret) >= 20 for secret in made.values())
        for known in ("guest:guest", f"{rabbitmq.USER}:{rabbitmq.USER}", f"{rabbitmq.USER}:guest"):
            with pytest.raises(AMQPError):
                await aio_pika.connect(f"amqp://{known}@127.0.0.1:{ports[100]}/", timeout=10)
        async with httpx2.AsyncClient() as http:
            assert (await http.get(f"http://127.0.0.1:{ports[120]}/")).status_code == 403  # the object store
            inbound = f"{stack.gateway}/api/v1/mail/inbound"
            assert (await http.post(inbound, headers={"Authorization": "Bearer guichet"})).status_code == 401
