"""The demo customers' mail server: what it accepts is on disk, and what customers write leaves by real SMTP."""

import base64
import smtplib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from guichet_local.ports import Ports

DESK = "Boutique Lumière <support@boutique-lumiere.example>"
REPLY_TO = "support+token@boutique-lumiere.example"


class Desk:
    """Stands where the mailer's SMTP port is: keeps what it gets."""

    def __init__(self) -> None:
        self.received: list[Envelope] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.received.append(envelope)
        return "250 OK"


class Server:
    """A process of the demo's mail server; `kill` and `start` keep its folder."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.smtp_port, self.url = ports["demo-smtp"], f"http://127.0.0.1:{ports['demo-mail']}"
        numbers = [str(ports[name]) for name in ("demo-smtp", "demo-mail", "smtp")]
        self._command = [sys.executable, "-m", "guichet_local.demo.mail", str(folder), *numbers]

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx2.get(f"{self.url}/readyz").raise_for_status()
            except httpx2.HTTPError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def deliver(self, message: EmailMessage, *recipients: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as session:
            session.send_message(message, to_addrs=recipients)


@pytest.fixture(scope="module")
def ports() -> Ports:
    return Ports.free()


@pytest.fixture(scope="module")
def server(ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("mail"), ports)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def desk(ports: Ports) -> Iterator[Desk]:
    desk = Desk()
    controller = Controller(desk, hostname="127.0.0.1", port=ports["smtp"], data_size_limit=60_000_000)
    controller.start()
    yield desk
    controller.stop()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=server.url, timeout=20) as client:
        yield client


def letter(subject: str = "Votre lampe [1042]") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = DESK, "Ada Lovelace <ada@example.org>", subject
    message["Reply-To"], message["Message-ID"], message["References"] = REPLY_TO, "<two@desk>", "<one@desk>"
    message.set_content("Bonjour Ada,\n\nvotre lampe est réparée.\n")
    message.add_alternative('<p>Bonjour Ada</p><img src="cid:logo">', subtype="html")
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)
    html.add_related(b"GIF89a", "image", "gif", cid="<logo>")
    return message


async def mails_to(client: httpx2.AsyncClient, address: str) -> list[dict[str, Any]]:
    answer = await client.get("/api/mail", params={"to": address})
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items


class TestReceiving:
    async def test_a_mail_is_in_the_mailbox_of_each_recipient(self, server: Server, client: httpx2.AsyncClient) -> None:
        server.deliver(letter("Pour deux"), "Ada@example.org", "grace@example.com")
        for address in ("ada@example.org", "grace@example.com"):
            found = (await mails_to(client, address))[0]
            assert found["to"] == address
            assert (found["from"], found["from_name"]) == ("support@boutique-lumiere.example", "Boutique Lumière")
            assert found["subject"] == "Pour deux"
            assert found["text"] == "Bonjour Ada,\n\nvotre lampe est réparée.\n"
            assert "Subject: Pour deux" in found["raw"]

    async def test_the_newest_is_first(self, server: Server, client: httpx2.AsyncClient) -> None:
        for subject in ("un", "deux"):
            server.deliver(letter(subject), "order@example.org")
        assert [mail["subject"] for mail in await mails_to(client, "order@example.org")] == ["deux", "un"]

    async def test_what_was_accepted_outlives_the_process(self, server: Server, client: httpx2.AsyncClient) -> None:
        server.deliver(letter("Gardé"), "kept@example.org")
        server.kill()
        server.start()
        assert [mail["subject"] for mail in await mails_to(client, "kept@example.org")] == ["Gardé"]

    def test_nothing_is_taken_for_the_rest_of_the_world(self, server: Server) -> None:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            server.deliver(letter(), "somebody@a-real-company.test")
        assert refused.value.recipients["somebody@a-real-company.test"][0] == 550

    async def test_an_inline_image_is_shown_from_the_letters_files(
        self, server: Server, client: httpx2.AsyncClient
    ) -> None:
        server.deliver(letter(), "image@example.org")
        found = (await mails_to(client, "image@example.org"))[0]
        address = f"/api/mail/{found['id']}/files/0"
        assert f'src="{address}"' in found["html"]
        answer = await client.get(address)
        assert (answer.content, answer.headers["content-type"]) == (b"GIF89a", "image/gif")
        assert answer.headers["content-disposition"].startswith("attachment")

    async def test_a_list_that_did_not_change_is_not_sent_again(
        self, server: Server, client: httpx2.AsyncClient
    ) -> None:
        first = await client.get("/api/mail?raw=false")
        assert all(mail["raw"] is None for mail in first.json()["items"])
        known = {"If-None-Match": first.headers["etag"]}
        assert (await client.get("/api/mail?raw=false", headers=known)).status_code == 304
        server.deliver(letter(), "ada@example.org")
        assert (await client.get("/api/mail?raw=false", headers=known)).status_code == 200


class TestAnswering:
    async def test_it_goes_to_reply_to_in_the_thread_with_the_letter_quoted(
        self, server: Server, client: httpx2.AsyncClient, desk: Desk
    ) -> None:
        server.deliver(letter(), "ada@example.org")
        received = (await mails_to(client, "ada@example.org"))[0]
        file = {"name": "photo.png", "content": base64.b64encode(b"\x89PNG").decode()}
        given = {"text": "Merci beaucoup", "attachment": file}
        answer = await client.post(f"/api/mail/{received['id']}/reply", json=given)
        assert answer.status_code == 201
        (sent,) = desk.received
        assert (sent.mail_from, sent.rcpt_tos) == ("ada@example.org", [REPLY_TO])
        mail = parsed(sent)
        assert mail["From"] == "Ada Lovelace <ada@example.org>"
        assert mail["Subject"] == "Re: Votre lampe [1042]"
        assert (mail["In-Reply-To"], mail["References"]) == ("<two@desk>", "<one@desk> <two@desk>")
        body = mail.get_body(("plain",))
        assert body is not None
        text = body.get_content().replace("\r\n", "\n")
        assert text.startswith("Merci beaucoup\n\nLe ")
        assert "Boutique Lumière a écrit :\n\n> Bonjour Ada,\n>\n> votre lampe est réparée." in text
        assert [part.get_filename() for part in mail.iter_attachments()] == ["photo.png"]

        shown = (await mails_to(client, "ada@example.org"))[0]
        assert [given["files"] for given in shown["answers"]] == [["photo.png"]]

    async def test_a_new_letter_begins_a_thread(self, client: httpx2.AsyncClient, desk: Desk) -> None:
        body = {"from": "ada@example.org", "from_name": "Ada Lovelace", "subject": "Ma lampe", "text": "Bonjour"}
        assert (await client.post("/api/mail", json=body)).status_code == 201
        mail = parsed(desk.received[0])
        assert (mail["To"], mail["Subject"]) == ("support@boutique-lumiere.example", "Ma lampe")
        assert mail["In-Reply-To"] is None

    async def test_a_desk_that_does_not_answer_is_told_and_nothing_is_shown_as_sent(
        self, server: Server, client: httpx2.AsyncClient
    ) -> None:
        server.deliver(letter(), "alone@example.org")
        received = (await mails_to(client, "alone@example.org"))[0]
        answer = await client.post(f"/api/mail/{received['id']}/reply", json={"text": "Bonjour ?"})
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert (await mails_to(client, "alone@example.org"))[0]["answers"] == []

    @pytest.mark.parametrize(
        "wrong", [{"text": " "}, {"from": "ada@a-real-company.test"}, {"from": "nobody"}, {"subject": "a\nBcc: b"}]
    )
    async def test_what_is_no_letter_is_refused(self, client: httpx2.AsyncClient, wrong: dict[str, str]) -> None:
        body = {"from": "ada@example.org", "subject": "x", "text": "y"} | wrong
        assert (await client.post("/api/mail", json=body)).status_code == 422

    async def test_a_letter_that_is_not_there_is_a_problem_404(self, client: httpx2.AsyncClient) -> None:
        answer = await client.post("/api/mail/nothing/reply", json={"text": "Bonjour"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def parsed(envelope: Envelope) -> EmailMessage:
    assert isinstance(envelope.content, bytes)
    return message_from_bytes(envelope.content, policy=policy.default)
