"""E-mail addresses: which two are the same one, and what is kept of one that was forgotten."""

import contextlib
import hashlib
import hmac
import unicodedata


def email_key(address: str) -> str:
    """What makes two addresses the same one: case does not count, and a domain's accents are its ASCII form (RFC 5891).

    A domain that has no such form is compared as it is written.
    """
    local, _, domain = address.strip().rpartition("@")
    domain = unicodedata.normalize("NFC", domain.casefold())
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{unicodedata.normalize('NFC', local.casefold())}@{domain}"


def trace_of(secret: bytes, address: str) -> str:
    """By what an erased person's address is known again, without being kept: a keyed hash of its `email_key`.

    ``secret`` is the installation's; who does not have it can try no addresses (GDPR, recital 26).
    """
    key = hmac.digest(secret, b"guichet erased addresses", hashlib.sha256)
    return hmac.new(key, email_key(address).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
