"""Mailer is killed again and again while mail goes out and comes in: nothing is lost, nothing doubled in silence.

50 times, while 500 mails go each way; GUICHET_CHAOS_KILLS may ask for fewer. A run is repeated, as far as chance can
be, with the seed that it prints: GUICHET_CHAOS_SEED.
"""

import asyncio
import json
import os
import random
import re
import secrets
import smtplib
import sys
import time
from collections.abc import Iterator
from email import message_from_bytes

import pytest
from guichet_kit.tokens import Tokens
from guichet_local.ports import free_port
from guichet_local.testing import StartsMail
from guichet_local.testing.mail import CUSTOMERS, MailServers
from guichet_local.testing.service import ServiceProcess

from .conftest import ADA, DESK, SUPPORT, Desk, eventually, on_timelines

KILLS = int(os.environ.get("GUICHET_CHAOS_KILLS") or 50)
MAILS = 10
"""Each way, in each life of mailer."""

LIFE_SECONDS = 0.8
"""At most, from its being ready to its death; then most of the mails of that life have gone through."""

POSTFIX_ID = re.compile(r"by mail\.example \(Postfix\) with \w+ id (\w+)")


@pytest.fixture(scope="module")
def lmtp_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def mail(mail_servers: StartsMail, lmtp_port: int) -> MailServers:
    """Postfix and Dovecot; what is for the desk goes to mailer by LMTP."""
    return mail_servers({DESK: f"lmtp:inet:127.0.0.1:{lmtp_port}"})


@pytest.fixture(scope="module")
def mailer(
    environment: dict[str, str], mail: MailServers, lmtp_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """Mailer, with one mailbox, from which it sends by STARTTLS and signed in."""
    box = {"id": "support", "address": SUPPORT, "per_minute": 60_000, "smtp_url": mail.submission_url(SUPPORT)}
    settings = {
        "GUICHET_MAILBOXES": json.dumps([box]),
        "GUICHET_SMTP_PORT": "0",
        "GUICHET_LMTP_PORT": str(lmtp_port),
        "GUICHET_SEND_TIMEOUT": "2",
        "GUICHET_SEND_RETRIES": json.dumps([0.5] * 50),
        "GUICHET_PROCESS_LEASE": "2",
        "SSL_CERT_FILE": str(mail.certificate),
    }
    log = tmp_path_factory.mktemp("mailer") / "log"
    service = ServiceProcess("guichet_mailer", environment | settings, log).start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def desk_requests(
    environment: dict[str, str], desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServiceProcess]:
    """What puts received e-mails on timelines."""
    service = ServiceProcess("guichet_requests", environment, tmp_path_factory.mktemp("requests") / "log").start()
    yield service
    service.stop()


def letters(servers: MailServers, subjects: list[str]) -> None:
    """A customer's mails, every other of which follows the one before: Postfix has them when this returns."""
    with smtplib.SMTP("localhost", servers.smtp_port, timeout=30) as smtp:
        for number, subject in enumerate(subjects):
            head = f"From: {ADA}\r\nTo: {SUPPORT}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@{CUSTOMERS}>\r\n"
            if number % 2:
                head += f"In-Reply-To: <{subjects[number - 1]}@{CUSTOMERS}>\r\n"
            smtp.sendmail(ADA, [SUPPORT], f"{head}\r\nOù est ma commande ?\r\n".encode())


async def copies(servers: MailServers) -> dict[str, int]:
    """How often mailer handed each e-mail to Postfix and it arrived, by the item's id.

    By Postfix's own ids: that it may itself deliver one twice when it is stopped is no fault of mailer's.
    """
    handed: dict[str, set[str]] = {}
    for raw in await asyncio.to_thread(servers.inbox(ADA).mails):
        item = message_from_bytes(raw)["Message-ID"].strip("<>").partition("@")[0]
        found = POSTFIX_ID.search(raw.decode(errors="replace"))
        assert found, raw
        handed.setdefault(item, set()).add(found[1])
    return {item: len(ids) for item, ids in handed.items()}


@pytest.mark.timeout(900)
class TestKillingMailer:
    async def test_loses_no_mail_and_doubles_none_unless_a_person_said_so(
        self,
        mail: MailServers,
        mailer: ServiceProcess,
        desk: Desk,
        desk_requests: ServiceProcess,
        tokens: Tokens,
    ) -> None:
        seed = int(os.environ.get("GUICHET_CHAOS_SEED") or secrets.randbelow(1 << 32))
        chance = random.Random(seed)  # noqa: S311 - kills at random, hides nothing
        sys.stdout.write(f"\nGUICHET_CHAOS_SEED={seed}, {KILLS} kills, {KILLS * MAILS} mails each way\n")
        written: list[str] = []
        posted: list[str] = []
        started = time.monotonic()
        async with desk.clicking(mailer.url, tokens) as clicked:
            for life in range(KILLS):
                subjects = [f"{seed}-{life}-{number}" for number in range(MAILS)]
                posting = asyncio.create_task(asyncio.to_thread(letters, mail, subjects))
                written += [await desk.write(ADA, f"Réponse {subject}") for subject in subjects]
                await posting
                posted += subjects
                restarting = None
                if life in (KILLS // 3, 2 * KILLS // 3):
                    restarting = asyncio.create_task(mail.restart("postfix"))
                await asyncio.sleep(chance.uniform(0, LIFE_SECONDS))
                await asyncio.to_thread(mailer.kill)
                if restarting:
                    await restarting
                await asyncio.to_thread(mailer.start)
            await eventually(lambda: all(desk.state(item) == "sent" for item in written))
            await eventually(lambda: desk.received.keys() >= set(posted))

        async with asyncio.timeout(180):
            while not (shown := await on_timelines(desk_requests.url, tokens)).keys() >= set(posted):
                await asyncio.sleep(1)
        arrived = await copies(mail)
        twice = {item for item, count in arrived.items() if count > 1}
        sys.stdout.write(
            f"{time.monotonic() - started:.0f} s; uncertain: {len(desk.were_uncertain)}, sent again by a click: "
            f"{len(clicked)}, arrived twice: {len(twice)}; on timelines: {shown.total()} of {len(posted)}\n"
        )
        assert arrived.keys() == set(written)
        assert twice <= desk.were_uncertain & clicked
        assert {subject: shown[subject] for subject in posted} == dict.fromkeys(posted, 1)
