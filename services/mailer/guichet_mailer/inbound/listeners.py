"""SMTP (RFC 5321) and LMTP (RFC 2033) for a mail server in front: the 250 comes after the write."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Transaction
from guichet_kit.logs import get_logger

from guichet_mailer.inbound.received import Envelope, Source
from guichet_mailer.inbound.usecases import NOT_STORED, Reception, take_in

log = get_logger(__name__)


class _LongLines:
    """Lines as long as the mail: a header of a megabyte is ugly, but no reason to lose it."""

    line_length_limit = 4 << 20


class _Smtp(_LongLines, SMTP):
    pass


class _Lmtp(_LongLines, LMTP):
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

    async def handle_DATA(self, _server: SMTP, _session: Session, transaction: Transaction) -> str:  # noqa: N802
        mailbox = self._reception.mailboxes.of(transaction.rcpt_tos[0])
        envelope = Envelope(
            self._source,
            tuple(transaction.rcpt_tos),
            null_sender=transaction.mail_from in (None, "", "<>"),
            mailbox=mailbox.id if mailbox else None,
        )
        content = transaction.content
        raw = content if isinstance(content, bytes) else (content or "").encode("utf-8", "surrogateescape")
        try:
            status = f"250 2.0.0 Stored as {await take_in(self._reception, raw, envelope)}"
        except NOT_STORED as error:
            log.warning("mail_not_stored", source=self._source, error=repr(error))
            status = "451 4.3.0 It could not be stored; try again"
        # LMTP answers once for each recipient (RFC 2033, 4.2).
        return "\r\n".join([status] * (len(transaction.rcpt_tos) if self._source == "lmtp" else 1))


@asynccontextmanager
async def listening(reception: Reception, host: str, port: int, source: Source, limit: int) -> AsyncIterator[None]:
    """Take mail on this port until the context ends; not at all on port 0."""
    if port == 0:
        yield
        return
    kind = _Lmtp if source == "lmtp" else _Smtp

    def protocol() -> Any:
        return kind(
            _Handler(reception, source, limit),
            data_size_limit=reception.size_limit,
            hostname="guichet",
            ident="Guichet",
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(protocol, host, port)
    log.info("listening", source=source, host=host, port=port)
    try:
        yield
    finally:
        server.close()
