"""SMTP (RFC 5321) and LMTP (RFC 2033) for a mail server in front: the 250 comes after the write."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Transaction
from guichet_kit.logs import get_logger

from guichet_mailer.inbound.door import Door
from guichet_mailer.inbound.received import Envelope, Source
from guichet_mailer.inbound.spool import Spool
from guichet_mailer.inbound.usecases import NOT_STORED, Reception, take_in_spooled

_CRLF = b"\r\n"
_END = b".\r\n"
_BUFFER = 64 << 10
"""Bytes that a connection holds in memory, twice at most, besides what its `Spool` does."""

_IDLE_SECONDS = 300.0
"""Until a connection is closed from which nothing comes (RFC 5321, 4.5.3.2.7, wants five minutes)."""

log = get_logger(__name__)


@dataclass(frozen=True)
class Certificate:
    """The files by which a listener proves who it is, read again for each connection: they are renewed while it runs.

    ``chain`` and ``key`` are PEM.
    """

    chain: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """What STARTTLS works with; `OSError` (`ssl.SSLError`) where the files are of no use."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context


class _Conversation(SMTP):
    """One connection. ``door`` lets it in or not; a mail's bytes go to a `Spool` as they come."""

    line_length_limit = _BUFFER
    """Of commands, as far as the library reads them: a mail's lines are as long as they like."""

    event_handler: "_Handler"

    def __init__(self, door: Door, certificate: Certificate | None, *args: Any, **options: Any) -> None:
        super().__init__(*args, tls_context=certificate.context() if certificate else None, **options)
        self._door = door
        self._address: str | None = None
        self._is_refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or say that there is no room (421; RFC 5321, 3.8). After STARTTLS it is made a second time."""
        if self._address is None:
            peer = transport.get_extra_info("peername")
            self._address = str(peer[0]) if peer else ""
            if not self._door.enter(self._address):
                self._is_refused = True
                stream = cast("asyncio.WriteTransport", transport)
                stream.write(b"421 4.7.0 Too many connections, try again later\r\n")
                transport.close()
                return
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Also what comes within a mail shows that somebody is there."""
        if not self._is_refused:
            self._reset_timeout()
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """Nothing more comes."""
        return False if self._is_refused else super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """Make room for the next."""
        if not self._is_refused:
            if self._address is not None:
                self._door.leave(self._address)
            super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  the library's name
        """Take a mail in; the library's own way holds the whole of it in memory, line by line."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        transaction = self.envelope
        assert transaction is not None  # noqa: S101  there is one as long as the connection lasts
        if not transaction.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        with Spool() as spool:
            await self._read_into(spool)
            if self.data_size_limit and spool.size > self.data_size_limit:
                status = "552 5.3.4 The mail is too large"
            else:
                status = await self.event_handler.take(transaction, spool)
        self.envelope = Transaction()
        await self.push(status)

    async def _read_into(self, spool: Spool) -> None:
        """Read up to the line with a dot alone, without the dots that were put before others (RFC 5321, 4.5.2)."""
        before, limit = _CRLF, self.data_size_limit or sys.maxsize
        while True:
            try:
                chunk = await self._reader.readuntil(_END)
                ended = (before + chunk).endswith(_CRLF + _END)
            except asyncio.LimitOverrunError as overrun:
                chunk, ended = await self._reader.read(overrun.consumed), False
            joined = before + (chunk[: -len(_END)] if ended else chunk)
            plain = joined.replace(b"\r\n.", _CRLF)[len(before) :]
            before = (before + chunk)[-2:]
            if spool.size <= limit:
                spool.write(plain)
                if spool.size > limit:
                    spool.discard()
            if ended:
                return


class _Smtp(_Conversation):
    pass


class _Lmtp(_Conversation, LMTP):
    pass


class _Handler:
    def __init__(self, reception: Reception, source: Source, recipients_limit: int) -> None:
        self._reception, self._source, self._limit = reception, source, recipients_limit

    async def handle_RCPT(  # noqa: N802  the library's name
        self, _server: SMTP, _session: Session, transaction: Transaction, address: str, options: list[str]
    ) -> str:
        if self._reception.mailboxes.of(address) is None:
            return "550 5.1.1 No such mailbox here"
        if len(transaction.rcpt_tos) >= self._limit:
            return "452 4.5.3 Too many recipients"
        transaction.rcpt_tos.append(address)
        transaction.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Whatever it was, it is no fault of the mail: its sender keeps it and tries again."""
        log.error("listener_failed", source=self._source, error=repr(error))
        return "451 4.3.0 It failed; try again"

    async def take(self, transaction: Transaction, spool: Spool) -> str:
        """Store the mail; what is said of that."""
        mailbox = self._reception.mailboxes.of(transaction.rcpt_tos[0])
        envelope = Envelope(
            self._source,
            tuple(transaction.rcpt_tos),
            null_sender=transaction.mail_from in (None, "", "<>"),
            mailbox=mailbox.id if mailbox else None,
        )
        try:
            status = f"250 2.0.0 Stored as {await take_in_spooled(self._reception, spool, envelope)}"
        except NOT_STORED as error:
            log.warning("mail_not_stored", source=self._source, error=repr(error))
            status = "451 4.3.0 It could not be stored; try again"
        # LMTP answers once for each recipient (RFC 2033, 4.2).
        return "\r\n".join([status] * (len(transaction.rcpt_tos) if self._source == "lmtp" else 1))


@dataclass(frozen=True)
class Listener:
    """How mail is listened for. ``door`` is one for all ports; ``recipients_limit``: of one mail."""

    reception: Reception
    host: str
    recipients_limit: int
    door: Door
    certificate: Certificate | None = None


@asynccontextmanager
async def listening(listener: Listener, port: int, source: Source) -> AsyncIterator[None]:
    """Take mail on this port until the context ends; not at all on port 0."""
    if port == 0:
        yield
        return
    if listener.certificate:
        listener.certificate.context()  # told now where it is of no use, not to the first who connects
    kind = _Lmtp if source == "lmtp" else _Smtp

    def protocol() -> Any:
        return kind(
            listener.door,
            listener.certificate,
            _Handler(listener.reception, source, listener.recipients_limit),
            data_size_limit=listener.reception.size_limit,
            hostname="guichet",
            ident="Guichet",
            timeout=_IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(protocol, listener.host, port)
    log.info("listening", source=source, host=listener.host, port=port)
    try:
        yield
    finally:
        server.close()
