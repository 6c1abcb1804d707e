"""Mailboxes: the desk's own addresses, and the signed ones that lead back to a request."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_MAC_BYTES = 9
_TOKEN_LENGTH = 40
"""Characters: 16 bytes of a UUID and 9 of its signature are 200 bits, five a character, none left over to play with."""


class Mailbox(BaseModel):
    """One of the desk's addresses, how mail leaves by it and how it is fetched.

    ``smtp_url`` is ``smtp://`` (STARTTLS where offered), ``smtp+starttls://`` (or not at all), ``smtps://`` (TLS), with
    user and password where the server wants them. ``imap_url`` is ``imaps://``, ``imap+starttls://`` or ``imap://``,
    with user, password and, as its path, the folder. ``dkim_key_file`` holds a private RSA key in PEM. ``signature``
    stands below mails that have none of their own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    address: str = Field(pattern=r"^[^@+\s]{1,20}@[^@\s]{1,200}$")
    name: str = ""
    signature: str = ""
    aliases: tuple[str, ...] = ()
    smtp_url: SecretStr | None = None
    imap_url: SecretStr | None = None
    per_minute: int = Field(default=60, ge=1)
    dkim_selector: str | None = None
    dkim_key_file: str | None = None

    @field_validator("address")
    @classmethod
    def _lower(cls, value: str) -> str:
        return value.lower()

    @model_validator(mode="after")
    def _dkim_is_whole(self) -> Self:
        if (self.dkim_selector is None) != (self.dkim_key_file is None):
            raise ValueError("dkim_selector and dkim_key_file go together")
        return self

    @property
    def domain(self) -> str:
        """The part behind the ``@``."""
        return self.address.partition("@")[2]

    @property
    def burst(self) -> int:
        """Mails that may leave at once: a quarter of a minute's."""
        return max(1, self.per_minute // 4)

    @property
    def interval(self) -> timedelta:
        """Between two mails, once the burst is used up: with it, no minute ever sees more than ``per_minute``."""
        return timedelta(seconds=60 / max(1, self.per_minute - self.burst))

    def with_token(self, token: str) -> str:
        """The address that carries the token."""
        local, _, domain = self.address.partition("@")
        return f"{local}+{token}@{domain}"


class Mailboxes:
    """All of them; the first is the default."""

    def __init__(self, mailboxes: Sequence[Mailbox]) -> None:
        self.all = tuple(mailboxes)
        self._by_id = {mailbox.id: mailbox for mailbox in mailboxes}
        self._by_address = {
            address.lower(): mailbox for mailbox in mailboxes for address in (mailbox.address, *mailbox.aliases)
        }

    def named(self, mailbox_id: str | None) -> Mailbox | None:
        """The mailbox of that id; the default one for None; None where there is none."""
        if mailbox_id is None:
            return self.all[0] if self.all else None
        return self._by_id.get(mailbox_id)

    def of(self, address: str) -> Mailbox | None:
        """The mailbox that takes mail for ``address``, with or without a token."""
        local, _, domain = address.lower().rpartition("@")
        return self._by_address.get(f"{local.partition('+')[0]}@{domain}")

    def is_own_list(self, name: str) -> bool:
        """Whether a mailing list is one of them: a group, say, that takes mail for it. ``name``: an address or an id.

        The id of such a list is the address with a dot for the ``@`` (as Google and others write it; RFC 2919, 3).
        """
        if "@" in name:
            return self.of(name) is not None
        return name.lower() in {address.replace("@", ".") for address in self._by_address}

    def tokens(self, addresses: Iterable[str]) -> list[str]:
        """What looks like our tokens in these addresses."""
        ours = [address for address in addresses if self.of(address)]
        found = (address.rpartition("@")[0].partition("+")[2].lower() for address in ours)
        return [token for token in found if len(token) == _TOKEN_LENGTH]


class AddressTokens:
    """Signs ids so that they fit into an address, in any case, and nobody else can make one.

    ``purpose`` keeps those of one kind from being taken for another's. The signature is the first 72 bits of an
    HMAC-SHA256 under a key derived from the installation's secret.
    """

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = hmac.digest(secret, f"guichet address {purpose}".encode(), hashlib.sha256)

    def issue(self, subject: str) -> str:
        """The token of a UUID; `ValueError` where it is none."""
        plain = UUID(subject).bytes
        return base64.b32encode(plain + self._mac(plain)).decode().lower()

    def verify(self, token: str) -> str | None:
        """The UUID that the token was made of; None where it is not one of ours."""
        try:
            data = base64.b32decode(token.upper())
        except (binascii.Error, ValueError):
            return None
        plain, mac = data[:16], data[16:]
        if len(data) != 16 + _MAC_BYTES or not hmac.compare_digest(mac, self._mac(plain)):
            return None
        return str(UUID(bytes=plain))

    def _mac(self, plain: bytes) -> bytes:
        return hmac.digest(self._key, plain, hashlib.sha256)[:_MAC_BYTES]
