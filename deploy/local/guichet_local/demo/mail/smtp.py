"""SMTP: taking the desk's mail in, and handing the customers' to it."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY

from aiosmtpd.smtp import SMTP, Envelope, Session

from guichet_local.demo.mail import DOMAINS
from guichet_local.demo.mail.mailbox import Mailbox

SIZE_LIMIT = 60_000_000
HOST_NAME = "mail.example.org"
_SECONDS = 30


class NotDelivered(Exception):
    """The desk did not take the mail; the text says why."""


class _Handler:
    """The 250 comes after the write."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_RCPT(  # noqa: N802  the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.rpartition("@")[2].lower() not in DOMAINS:
            return f"550 5.1.2 The demo's mail goes to {', '.join(DOMAINS)} only; set GUICHET_SMTP_URL for real mail"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        raw = content if isinstance(content, bytes) else (content or "").encode()
        for recipient in envelope.rcpt_tos:
            # As the last server on a mail's way does (RFC 5321, 4.4).
            head = f"Return-Path: <{envelope.mail_from or ''}>\r\nDelivered-To: {recipient}\r\n".encode()
            await asyncio.to_thread(self._mailbox.keep, head + raw)
        return "250 2.0.0 OK"


@asynccontextmanager
async def listening(mailbox: Mailbox, port: int, host: str = "127.0.0.1") -> AsyncIterator[None]:
    """Take mail on this port, of the loopback unless told otherwise, until the context ends."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(_Handler(mailbox), data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True, hostname=HOST_NAME)

    server = await loop.create_server(protocol, host, port)
    try:
        yield
    finally:
        server.close()


def send(message: EmailMessage, desk: tuple[str, int]) -> None:
    """Hand a customer's mail to the desk, which listens on this port of the loopback. Blocks.

    Raises:
        NotDelivered: it was not taken.
    """
    try:
        with smtplib.SMTP(*desk, local_hostname=HOST_NAME, timeout=_SECONDS) as session:
            session.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(str(error)) from error


def as_sent(message: EmailMessage) -> bytes:
    """The mail as it goes over the wire."""
    return message.as_bytes(policy=SMTP_POLICY)
