"""Who works in the console."""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from guichet_requests.errors import Refused

Role = Literal["agent", "supervisor", "admin"]

WELCOME_LIFETIME = timedelta(days=2)
"""How long the link by which an agent sets a password is good."""


class OwnAccount(Refused):
    """Administrators cannot take their own role or access away: somebody must be left who can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A user of the console. The password's hash is not among it, so it cannot get out by mistake.

    ``signature`` ends their e-mails.
    """

    id: str
    name: str
    email: str
    role: Role
    active: bool = True
    available: bool = True
    signature: str = ""
    version: int = 1

    @property
    def rights(self) -> tuple[str, Role, bool]:
        """What an access token says of them: when it changes, the tokens of before are good no more."""
        return self.name, self.role, self.active

    @property
    def initials(self) -> str:
        """What the console shows where there is little room."""
        return initials(self.name)


def initials(name: str) -> str:
    """The first letters of the first and the last word; of a name of one word, its first two letters.

    A hyphen separates words only where there is no space (Jean-Pierre is JP, Jean-Pierre Dupont JD). Accents stay.
    """
    composed = unicodedata.normalize("NFC", name)
    words = [word for word in map(_letters, composed.split()) if word]
    if len(words) == 1:
        words = [word for word in map(_letters, composed.split("-")) if word]
    chosen = words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2] if words else "?"
    return "".join(letter.upper()[0] for letter in chosen)


def email_key(email: str) -> str:
    """The form in which two addresses are the same account."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def name_key(name: str) -> str:
    """The form by which a directory is sorted: case and accents do not matter."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@dataclass(frozen=True, slots=True)
class Welcome:
    """A link by which an agent sets a password, once, until ``expires_at``. Only ``key`` is kept of its token."""

    key: str
    expires_at: datetime

    @classmethod
    def issue(cls, at: datetime) -> tuple["Welcome", str]:
        """A new one, and the token of its link."""
        token = secrets.token_urlsafe(32)
        return cls(welcome_key(token), at + WELCOME_LIFETIME), token


def welcome_link(public_url: str, token: str) -> str:
    """The link itself; its token stands behind the #, so that no server logs it."""
    return f"{public_url.rstrip('/')}/#/welcome/{token}"


def welcome_key(token: str) -> str:
    """What is kept of a link's token: whoever reads the database cannot use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def refuse_own_demotion(by_id: str, before: Agent, after: Agent) -> None:
    """Raises `OwnAccount` when ``by_id`` takes their own role or access away."""
    if by_id == before.id and (not after.active or after.role != before.role):
        raise OwnAccount("Another administrator has to change your own role or access.")


def _letters(word: str) -> str:
    return "".join(letter for letter in word if letter.isalnum())
