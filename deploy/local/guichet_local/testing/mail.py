"""Real mail for tests: Postfix, which takes and carries it, and Dovecot, where people read it.

Always private local processes: a test says where their domains' mail goes, stops them and restarts them.
"""

import asyncio
import imaplib
import os
import smtplib
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from guichet_local.ports import free_ports
from guichet_local.servers import dovecot, postfix
from guichet_local.testing.background import Background, Group

CUSTOMERS = "customer.example"
"""The domain whose every address has a mailbox in Dovecot."""

PASSWORD = "guichet-test"  # noqa: S105 - of throw-away servers on the loopback


class UnusableError(Exception):
    """Postfix and Dovecot cannot run here; the text says why."""


class MailServers(Group):
    """The two servers; the programs are ``postfix`` and ``dovecot``.

    `routes` says for further domains where their mail goes: ``{"desk.example": "lmtp:inet:127.0.0.1:2424"}``. Programs
    that verify `certificate` are told of it by `SSL_CERT_FILE`.
    """

    def __init__(self, background: Background, routes: Mapping[str, str]) -> None:
        if postfix.executable() is None or dovecot.executable() is None:
            raise UnusableError("Postfix or Dovecot is missing: `make test` installs them")
        if os.geteuid() != 0:
            raise UnusableError("Postfix changes to users of its own: run the tests that use it as root")
        super().__init__(background, "mail")
        self.smtp_port, self.submission_port, self.imap_port, self.lmtp_port, auth_port = free_ports(5)
        self.certificate, key = self.data.keys / "mail.pem", self.data.keys / "mail.key"
        _make_certificate(self.certificate, key)
        self._programs = [
            dovecot.program(
                self.data.of("dovecot"),
                dovecot.Dovecot(self.imap_port, self.lmtp_port, auth_port, PASSWORD, self.certificate, key),
            ),
            postfix.program(
                self.data.of("postfix"),
                postfix.Postfix(
                    self.smtp_port,
                    self.submission_port,
                    auth_port,
                    self.certificate,
                    key,
                    {CUSTOMERS: f"lmtp:inet:127.0.0.1:{self.lmtp_port}", **routes},
                ),
            ),
        ]

    def run(self) -> Self:
        """Start both; returns when they take mail."""
        self.start_all(self._programs).result()
        return self

    def submission_url(self, user: str) -> str:
        """Where ``user`` hands mail over, as mailer's settings have it: STARTTLS, and signed in."""
        return f"smtp+starttls://{_quoted(user)}:{PASSWORD}@localhost:{self.submission_port}"

    def imap_url(self, user: str) -> str:
        """Where the mail of ``user`` is, as mailer's settings have it."""
        return f"imap+starttls://{_quoted(user)}:{PASSWORD}@localhost:{self.imap_port}"

    def inbox(self, user: str) -> "Inbox":
        """The mailbox of an address."""
        return Inbox(self, user)


class Inbox:
    """A person's mailbox, as their mail program has it."""

    def __init__(self, servers: MailServers, address: str) -> None:
        self.address = address
        self._servers = servers
        self._tls = ssl.create_default_context(cafile=str(servers.certificate))

    def mails(self) -> list[bytes]:
        """All mails in the inbox, the oldest first, read by IMAP."""
        with self._opened(readonly=True) as imap:
            _, found = imap.uid("FETCH", "1:*", "(BODY.PEEK[])")
            return [part[1] for part in found if isinstance(part, tuple)]

    def mark(self, number: int, flag: str) -> None:
        """Set a flag, such as ``Deleted`` with its backslash, on a mail, by its number from 1."""
        with self._opened(readonly=False) as imap:
            imap.store(str(number), "+FLAGS", f"({flag})")

    @contextmanager
    def _opened(self, *, readonly: bool) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("localhost", self._servers.imap_port, timeout=30) as imap:
            imap.starttls(self._tls)
            imap.login(self.address, PASSWORD)
            imap.select("INBOX", readonly=readonly)
            yield imap

    async def wait_for(self, count: int, seconds: float = 30) -> list[bytes]:
        """All mails, once there are ``count`` of them; TimeoutError when there are not in time."""
        async with asyncio.timeout(seconds):
            while len(mails := await asyncio.to_thread(self.mails)) < count:  # noqa: ASYNC110 - nothing tells of mail
                await asyncio.sleep(0.1)
            return mails

    def send(self, mail: bytes, to: str) -> None:
        """Send a mail as this person: Postfix has it when this returns."""
        with smtplib.SMTP("localhost", self._servers.submission_port, timeout=30) as smtp:
            smtp.starttls(context=self._tls)
            smtp.login(self.address, PASSWORD)
            smtp.sendmail(self.address, [to], mail)


def _quoted(user: str) -> str:
    return user.replace("@", "%40")


def _make_certificate(certificate: Path, key: Path) -> None:
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*made, *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
