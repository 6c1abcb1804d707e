"""Sending by itself: real servers with TLS and passwords, the limit of a mailbox, many senders at once."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from guichet_contracts.requests import EmailAddress, SubmittedEmail
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Collection, Database, Document
from guichet_local.testing.databases import Databases
from guichet_mailer.files import Files
from guichet_mailer.mailbox import AddressTokens, Mailbox, Mailboxes
from guichet_mailer.outbound.delivery import Delivery, State
from guichet_mailer.outbound.store import DeliveryStore
from guichet_mailer.outbound.transport import Transport, TryLater
from guichet_mailer.outbound.usecases import Post, accept_submission, erase_delivery, send_next
from guichet_mailer.threads import ThreadStore

from .certificates import certificate
from .conftest import MailServer

SECRET = b"x" * 48


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of the server that we trust."""
    return certificate(tmp_path_factory.mktemp("tls") / "cert.pem", "127.0.0.1")


def tls_of(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def hand_over(transport: Transport, url: str, to: str) -> str:
    async with transport.session(url, "desk.example") as session:
        await session.envelope("support@desk.example", [to])
        return await session.content(b"Subject: x\r\n\r\nx\r\n")


class TestAServerWithTls:
    @pytest.mark.parametrize(("scheme", "from_the_start"), [("smtp+starttls", False), ("smtps", True), ("smtp", False)])
    async def test_gets_mail_and_password_when_its_certificate_is_good(
        self, ours: Path, scheme: str, from_the_start: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(ours))
        server = MailServer()
        async with server.running(tls_of(ours), from_the_start=from_the_start):
            url = f"{scheme}://user%40desk:p%40ss@127.0.0.1:{server.port}"
            assert await hand_over(Transport(5), url, "jeanne@example.net") == "Taken"
        assert server.users == ["user@desk"]
        assert len(server.mails) == 1

    @pytest.mark.parametrize(("scheme", "from_the_start"), [("smtp+starttls", False), ("smtps", True), ("smtp", False)])
    async def test_gets_nothing_when_nobody_vouches_for_it(self, ours: Path, scheme: str, from_the_start: bool) -> None:
        server = MailServer()
        async with server.running(tls_of(ours), from_the_start=from_the_start):
            with pytest.raises(TryLater, match="CERTIFICATE_VERIFY_FAILED"):
                await hand_over(Transport(5), f"{scheme}://user:p%40ss@127.0.0.1:{server.port}", "jeanne@example.net")
        assert (server.users, server.mails) == ([], [])

    async def test_gets_nothing_when_its_certificate_is_for_another(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = certificate(tmp_path / "other.pem", "127.0.0.2")
        monkeypatch.setenv("SSL_CERT_FILE", str(other))
        server = MailServer()
        async with server.running(tls_of(other)):
            with pytest.raises(TryLater, match="CERTIFICATE_VERIFY_FAILED"):
                await hand_over(Transport(5), f"smtp+starttls://127.0.0.1:{server.port}", "jeanne@example.net")
        assert server.mails == []

    async def test_that_refuses_our_password_is_asked_again_later(
        self, ours: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(ours))
        server = MailServer()
        async with server.running(tls_of(ours)):
            with pytest.raises(TryLater, match="refused our password: 535"):
                await hand_over(Transport(5), f"smtp+starttls://user:old@127.0.0.1:{server.port}", "jeanne@example.net")
        assert server.mails == []


class TestAServerWithoutTls:
    async def test_gets_mail_where_nothing_else_was_asked_for(self) -> None:
        server = MailServer()
        async with server.running():
            assert await hand_over(Transport(5), server.url, "jeanne@example.net") == "Taken"

    @pytest.mark.parametrize("scheme", ["smtp+starttls://", "smtps://", "smtp://user:p%40ss@"])
    async def test_gets_neither_mail_nor_password_where_it_was(self, scheme: str) -> None:
        server = MailServer()
        async with server.running():
            with pytest.raises(TryLater):
                await hand_over(Transport(2), f"{scheme}127.0.0.1:{server.port}", "jeanne@example.net")
        assert (server.users, server.mails) == ([], [])


class Quiet:
    """A relay that publishes nothing."""

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        """Nobody listens."""


class NoLease(DeliveryStore):
    """Gives the same delivery to everybody who asks, as if each lease had just ended."""

    async def claim(self, now: datetime, lease: timedelta) -> Delivery | None:
        return await super().claim(now, timedelta(seconds=-1))


class SlowServer(MailServer):
    """Lets all its clients come to the same point."""

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        await asyncio.sleep(0.2)
        return await super().handle_RCPT(server, session, envelope, address, options)


@pytest.fixture
async def database(databases: Databases) -> Database:
    return await databases.empty("mailer", "pymongo")


@pytest.fixture
def post(database: Database) -> Callable[..., Post]:
    def made(server: str, per_minute: int = 6000) -> Post:
        box = Mailbox(id="support", address="support@desk.example", per_minute=per_minute)
        return Post(
            store=DeliveryStore(database),
            threads=ThreadStore(database),
            relay=Quiet(),
            mailboxes=Mailboxes([box]),
            files=Files("http://127.0.0.1:1", SECRET),
            transport=Transport(5),
            reply_tokens=AddressTokens(SECRET, "reply"),
            bounce_tokens=AddressTokens(SECRET, "bounce"),
            server=server,
            seconds=5,
            retries=(60, 300),
            automatic_per_hour=5,
        )

    return made


def email_to(to: str) -> SubmittedEmail:
    item_id = new_id()
    return SubmittedEmail(
        request_id=new_id(),
        request_number=1,
        item_id=item_id,
        to=(EmailAddress(email=to),),
        subject="s",
        text="t",
        message_id=f"{item_id}@desk.example",
        submitted_at=now(),
    )


class TestManySenders:
    async def test_that_all_hold_the_same_delivery_send_it_once(
        self, post: Callable[..., Post], database: Database
    ) -> None:
        server = SlowServer()
        async with server.running():
            replicas = [replace(post(server.url), store=NoLease(database)) for _ in range(6)]
            email = email_to("jeanne@example.net")
            await accept_submission(replicas[0], email)
            assert all(await asyncio.gather(*map(send_next, replicas)))
            assert len(server.mails) == 1
            delivery = await replicas[0].store.get(email.item_id)
            assert delivery is not None
            assert (delivery.state, delivery.attempts) == (State.SENT, 1)


class TestAnEmailThatIsSubmittedAgain:
    async def test_is_sent_once_and_answered_with_where_it_stands(self, post: Callable[..., Post]) -> None:
        server = MailServer()
        async with server.running():
            sending, email = post(server.url), email_to("jeanne@example.net")
            await accept_submission(sending, email)
            await accept_submission(sending, email)
            while await send_next(sending):
                pass
            await accept_submission(sending, email)
        assert len(server.mails) == 1
        stored = await sending.store.collection.find_one({"_id": email.item_id})
        assert stored is not None
        told = [entry["event"]["data"]["state"] for entry in stored["outbox"]]
        assert told == ["queued", "queued", "sending", "sent", "sent"]

    async def test_and_was_erased_stays_unsent(self, post: Callable[..., Post]) -> None:
        sending, email = post("smtp://127.0.0.1:1"), email_to("jeanne@example.net")
        await erase_delivery(sending, email.item_id)
        await accept_submission(sending, email)
        delivery = await sending.store.get(email.item_id)
        assert delivery is not None
        assert (delivery.erased, delivery.email.to) == (True, ())


class TestTheLimitOfAMailbox:
    async def test_holds_for_all_replicas_together(self, database: Database) -> None:
        box = Mailbox(id="support", address="support@desk.example", per_minute=8)
        replicas, moment = [DeliveryStore(database) for _ in range(4)], now()
        turns = await asyncio.gather(*(replicas[n % 4].next_turn(box, moment) for n in range(12)))
        waits = sorted(round((turn - moment).total_seconds()) for turn in turns)
        assert waits == [-10, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]  # 2 at once, 8 within any minute
        later = moment + timedelta(hours=1)
        assert await replicas[0].next_turn(box, later) <= later

    async def test_lets_mail_wait_for_its_turn(self, post: Callable[..., Post]) -> None:
        server = MailServer()
        async with server.running():
            sending = post(server.url, per_minute=4)
            emails = [email_to("jeanne@example.net") for _ in range(3)]
            for email in emails:
                await accept_submission(sending, email)
            while await send_next(sending):
                pass
        assert len(server.mails) == 1
        waiting = [await sending.store.get(email.item_id) for email in emails]
        due = sorted(one.due_at - now() for one in waiting if one and one.due_at and one.state is State.QUEUED)
        assert [round(wait.total_seconds(), -1) for wait in due] == [20, 40]
