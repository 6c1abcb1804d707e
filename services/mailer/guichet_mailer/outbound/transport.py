"""Mail handed to a server by SMTP (RFC 5321), with what its answers mean for a delivery."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import aiosmtplib

from guichet_mailer.outbound.delivery import Refused

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class TryLater(Exception):
    """It may pass: no connection, or a 4xx answer."""


class RefusedForGood(Exception):
    """A 5xx answer: asking again would be answered alike."""


class Unsure(Exception):
    """The connection was lost between the mail's first byte and the server's answer: it may have it, or not."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Which addresses the server takes, which it refused, and which it may take later (with its last words on them)."""

    accepted: tuple[str, ...]
    refused: tuple[Refused, ...]
    later: tuple[str, ...]
    detail: str | None


class Session:
    """One conversation with a server, after its greeting and ours."""

    def __init__(self, client: aiosmtplib.SMTP, seconds: float) -> None:
        self._client, self._seconds = client, seconds

    async def envelope(self, sender: str, recipients: Sequence[str]) -> Taken:
        """Say from whom and to whom."""
        accepted, refused, later = [], [], []
        detail = None
        await self._client.mail(sender)
        for recipient in recipients:
            try:
                await self._client.rcpt(recipient)
                accepted.append(recipient)
            except aiosmtplib.SMTPResponseException as error:
                detail = _words(error)
                if _is_passing(error):
                    later.append(recipient)
                else:
                    refused.append(Refused(recipient, detail))
        return Taken(tuple(accepted), tuple(refused), tuple(later), detail)

    async def content(self, mail: bytes) -> str:
        """Hand the mail over; the server's words when it has taken it. `Unsure` where it said nothing."""
        try:
            async with asyncio.timeout(self._seconds):
                response = await self._client.data(mail)
        except aiosmtplib.SMTPResponseException:
            raise
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Unsure(f"the connection was lost while the server had the mail: {error}") from error
        return str(response.message)[:300]


class Transport:
    """Opens sessions. ``seconds`` is what a server may take for one answer, and for one mail."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._tls = ssl.create_default_context()

    @asynccontextmanager
    async def session(self, url: str, hello: str) -> AsyncIterator[Session]:
        """A session with the server at ``url`` (see `Mailbox`), to which we are ``hello``.

        Raises:
            TryLater, RefusedForGood: as the server's answers say, within the context too.
        """
        parts = urlsplit(url)
        client = aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            start_tls=_start_tls(parts.scheme, bool(parts.username)),
            tls_context=self._tls,
            timeout=self._seconds,
            local_hostname=hello,
        )
        try:
            await client.connect()
            yield Session(client, self._seconds)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise TryLater(f"the server refused our password: {_words(error)}") from error
        except aiosmtplib.SMTPResponseException as error:
            raise (TryLater if _is_passing(error) else RefusedForGood)(_words(error)) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise TryLater(f"no connection with the server: {error}") from error
        finally:
            client.close()


def _start_tls(scheme: str, has_password: bool) -> bool | None:
    """Whether to insist on STARTTLS; None takes it where it is offered. No password goes over an open line."""
    return scheme != "smtps" if has_password or scheme != "smtp" else None


def _is_passing(error: aiosmtplib.SMTPResponseException) -> bool:
    return not 500 <= error.code < 600


def _words(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {error.message}"[:300]
