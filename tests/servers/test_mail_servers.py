"""The mail servers that the other tests stand on are real: they carry, keep and refuse."""

import asyncio
import smtplib
import ssl
from email import message_from_bytes

import pytest
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from guichet_local.ports import free_port
from guichet_local.testing import StartsMail
from guichet_local.testing.mail import CUSTOMERS, PASSWORD, MailServers

LMTP_PORT = free_port()
ADA, BOB = f"ada@{CUSTOMERS}", f"bob@{CUSTOMERS}"


def mail(subject: str) -> bytes:
    return f"From: {ADA}\r\nTo: {BOB}\r\nSubject: {subject}\r\n\r\nBonjour\r\n".encode()


@pytest.fixture(scope="module")
def servers(mail_servers: StartsMail) -> MailServers:
    return mail_servers({"desk.example": f"lmtp:inet:127.0.0.1:{LMTP_PORT}"})


class Desk:
    """Takes mail by LMTP, as mailer does."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(bytes(envelope.original_content or b""))
        return "250 OK"


class TestTheMailServers:
    async def test_carry_a_mail_from_one_person_to_anothers_mailbox(self, servers: MailServers) -> None:
        servers.inbox(ADA).send(mail("un"), BOB)
        (arrived,) = await servers.inbox(BOB).wait_for(1)
        assert message_from_bytes(arrived)["Subject"] == "un"

    async def test_put_what_is_behind_a_plus_into_the_same_mailbox(self, servers: MailServers) -> None:
        servers.inbox(ADA).send(mail("plus"), f"carol+tag@{CUSTOMERS}")
        assert len(await servers.inbox(f"carol@{CUSTOMERS}").wait_for(1)) == 1

    async def test_keep_what_they_cannot_deliver_until_they_can_also_over_a_restart(self, servers: MailServers) -> None:
        servers.inbox(ADA).send(mail("garde"), "support@desk.example")
        await servers.restart("postfix")
        desk = Desk()
        listening = await asyncio.get_running_loop().create_server(lambda: LMTP(desk), "127.0.0.1", LMTP_PORT)
        async with asyncio.timeout(20):
            while not desk.taken:
                await asyncio.sleep(0.1)
        listening.close()
        assert message_from_bytes(desk.taken[0])["Subject"] == "garde"

    def test_let_nobody_hand_in_mail_unless_they_sign_in_over_tls(self, servers: MailServers) -> None:
        trusted = ssl.create_default_context(cafile=str(servers.certificate))
        with smtplib.SMTP("localhost", servers.submission_port, timeout=20) as smtp:
            smtp.ehlo()
            assert not smtp.has_extn("auth")
            smtp.starttls(context=trusted)
            with pytest.raises(smtplib.SMTPAuthenticationError):
                smtp.login(ADA, "wrong")
            smtp.login(ADA, PASSWORD)

    def test_carry_nothing_to_domains_that_are_not_theirs(self, servers: MailServers) -> None:
        with (
            smtplib.SMTP("localhost", servers.smtp_port, timeout=20) as smtp,
            pytest.raises(smtplib.SMTPRecipientsRefused),
        ):
            smtp.sendmail(ADA, ["somebody@elsewhere.example"], mail("non"))
