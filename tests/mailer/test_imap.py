"""Mail fetched by IMAP: every mail once, whoever fetches, whatever is killed."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from guichet_local.testing.service import ServiceProcess

from .conftest import Ear, eventually, mark
from .imap_server import ImapServer
from .test_inbound import mail


@pytest.fixture
async def imap() -> AsyncIterator[ImapServer]:
    server = ImapServer()
    async with server.running():
        yield server


@pytest.fixture
def fetchers(mailer: ServiceProcess, imap: ImapServer, tmp_path: Path) -> Iterator[list[ServiceProcess]]:
    """Two services beside the first, on the same database, both of which fetch the mailbox."""
    box = {"id": "support", "address": "support@desk.example", "imap_url": f"imap://user:word@127.0.0.1:{imap.port}"}
    found = []
    for number in range(2):
        settings = {
            "GUICHET_MAILBOXES": json.dumps([box]),
            "GUICHET_SMTP_PORT": "0",
            "GUICHET_LMTP_PORT": "0",
        }
        found.append(ServiceProcess("guichet_mailer", mailer.environment | settings, tmp_path / f"{number}.log"))
    yield found
    for service in found:
        service.kill()


class TestFetching:
    async def test_takes_each_mail_once_with_two_fetchers_and_a_crash(
        self, imap: ImapServer, fetchers: list[ServiceProcess], ear: Ear
    ) -> None:
        subjects = [mark() for _ in range(6)]

        def heard() -> list[str]:
            events = {one["id"]: one["data"] for one in ear.events if one["type"] == "mailer.email.received.v1"}
            return sorted(one["email"]["subject"] for one in events.values() if one["email"]["subject"] in subjects)

        for subject in subjects[:2]:
            imap.deliver(mail(subject))
        await asyncio.gather(*(asyncio.to_thread(service.start) for service in fetchers))
        await eventually(lambda: heard() == sorted(subjects[:2]))
        for subject in subjects[2:4]:
            imap.deliver(mail(subject))  # found by IDLE
        await eventually(lambda: heard() == sorted(subjects[:4]))
        fetchers[0].kill()
        for subject in subjects[4:]:
            imap.deliver(mail(subject))
        await eventually(lambda: heard() == sorted(subjects))
        await eventually(lambda: imap.seen == set(imap.mails))
        assert heard() == sorted(subjects)
