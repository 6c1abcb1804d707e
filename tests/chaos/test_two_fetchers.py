"""Two mailers fetch the same mailbox of a real IMAP server at once: each mail is taken in once."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from guichet_kit.ids import new_id
from guichet_local.testing import StartsMail
from guichet_local.testing.mail import CUSTOMERS, MailServers
from guichet_local.testing.service import ServiceProcess

from .conftest import ADA, Desk, eventually

MAILS = 40
SUPPORT = f"support@{CUSTOMERS}"


@pytest.fixture(scope="module")
def mail(mail_servers: StartsMail) -> MailServers:
    return mail_servers({})


@pytest.fixture
def fetchers(environment: dict[str, str], mail: MailServers, tmp_path: Path) -> Iterator[list[ServiceProcess]]:
    """Two mailers that share everything, and fetch the mailbox over STARTTLS."""
    box = {"id": "support", "address": SUPPORT, "imap_url": mail.imap_url(SUPPORT)}
    settings = {
        "GUICHET_MAILBOXES": json.dumps([box]),
        "GUICHET_SMTP_PORT": "0",
        "GUICHET_LMTP_PORT": "0",
        "SSL_CERT_FILE": str(mail.certificate),
    }
    found = [ServiceProcess("guichet_mailer", environment | settings, tmp_path / f"{name}.log") for name in "ab"]
    yield found
    for service in found:
        service.stop()


class TestTwoFetchers:
    async def test_take_each_mail_in_once_what_lay_there_and_what_comes_while_they_wait(
        self, mail: MailServers, fetchers: list[ServiceProcess], desk: Desk
    ) -> None:
        subjects = [new_id() for _ in range(MAILS)]

        async def post(some: list[str]) -> None:
            for subject in some:
                raw = f"From: {ADA}\r\nTo: {SUPPORT}\r\nSubject: {subject}\r\n\r\nBonjour\r\n".encode()
                await asyncio.to_thread(mail.inbox(ADA).send, raw, SUPPORT)

        await post(subjects[: MAILS // 2])
        await mail.inbox(SUPPORT).wait_for(MAILS // 2)
        await asyncio.to_thread(mail.inbox(SUPPORT).mark, 1, "\\Deleted")
        await asyncio.gather(*(asyncio.to_thread(service.start) for service in fetchers))
        await post(subjects[MAILS // 2 :])
        await eventually(lambda: desk.received.keys() >= set(subjects), 40)
        for service in fetchers:
            await asyncio.to_thread(service.stop)
        assert Counter(len(desk.received[subject]) for subject in subjects) == {1: MAILS}
        assert len(mail.inbox(SUPPORT).mails()) == MAILS  # what a person means to delete is theirs to expunge
        sessions = re.findall(rf"imap\({SUPPORT}\).* body_count=(\d+)", (mail.data.logs / "dovecot.log").read_text())
        assert len([session for session in sessions if int(session)]) >= 2  # both did fetch
