"""What signed tokens say: who signs which, for whom they are meant, and what stands in them.

A token is a JSON Web Token (RFC 7519). Its audience says what it is good for, and each audience has one service that
signs it; `guichet_kit.tokens` accepts no other's key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

AGENTS = "agents"
"""Agents' access tokens."""

VISITORS = "visitors"
"""Sessions of visitors in the chat."""

FORMS = "forms"
"""With which whoever fills in a form sends its files."""

RECEIPTS = "receipts"
"""Proofs that a file was checked."""

SIGNERS: Mapping[str, str] = MappingProxyType(
    {AGENTS: "requests", FORMS: "requests", VISITORS: "chat", RECEIPTS: "attachments"}
)
"""Audience: the service that signs for it, where another one verifies."""

SIGNING = ("attachments", "chat", "mailer", "requests")
"""Services that sign tokens: each has a private key of its own."""

_CALLS = "calls of "


def calls_of(service: str) -> str:
    """The audience of the tokens with which other services call ``service``."""
    return f"{_CALLS}{service}"


def may_sign(signer: str, audience: str, verifier: str) -> bool:
    """Whether ``verifier`` takes tokens for ``audience`` that ``signer`` signed.

    What is nobody's audience in `SIGNERS` a service makes for itself alone: refresh tokens, links, challenges.
    """
    if audience.startswith(_CALLS):
        return audience == calls_of(verifier)
    return signer == SIGNERS.get(audience, verifier)


def may_speak_for(signer: str, audience: str, subject: str) -> bool:
    """Whether ``signer`` may sign for this subject: a service that calls another speaks for itself alone."""
    return is_service(subject, signer) if audience.startswith(_CALLS) else True


Role = Literal["agent", "supervisor", "admin"]

VERSION, SESSION = "ver", "sid"
"""Claims of an access token: the version of its subject that it tells of, and the session that it belongs to."""


@dataclass(frozen=True, slots=True)
class AgentClaims:
    """An agent's access token; the subject is their id."""

    id: str
    name: str
    role: Role
    initials: str = ""
    version: int | None = None
    session: str | None = None

    def claims(self) -> dict[str, Any]:
        """What stands in the token beside its subject."""
        said: dict[str, Any] = {"name": self.name, "initials": self.initials, "role": self.role}
        return said | {VERSION: self.version, SESSION: self.session}

    @classmethod
    def told_by(cls, subject: str, extra: Mapping[str, Any]) -> "AgentClaims":
        """What the token says. One that names no known role has the least rights."""
        role: Role = next((one for one in get_args(Role) if one == extra.get("role")), "agent")
        name, initials = str(extra.get("name") or ""), str(extra.get("initials") or "")
        return cls(subject, name, role, initials, extra.get(VERSION), extra.get(SESSION))


@dataclass(frozen=True, slots=True)
class VisitorClaims:
    """A visitor's session on one site, or that of whoever fills in a form; the subject is their id."""

    id: str
    site: str | None = None
    name: str | None = None
    email: str | None = None

    def claims(self) -> dict[str, Any]:
        """What stands in the token beside its subject."""
        return {"name": self.name, "email": self.email, "site": self.site}

    @classmethod
    def told_by(cls, subject: str, extra: Mapping[str, Any]) -> "VisitorClaims":
        """What the token says."""
        return cls(subject, extra.get("site"), extra.get("name"), extra.get("email"))


ServiceScope = Literal["files:give", "files:read"]
"""What a service may do at another: give the files of a mail that came in; read a file that an agent sends by mail."""

_SERVICE = "service:"


@dataclass(frozen=True, slots=True)
class ServiceClaims:
    """A call of one service to another; the subject is ``service:<name>``.

    ``about`` is what the call is for: the mail that came in, or the agent on whose behalf a file is read.
    """

    service: str
    scopes: frozenset[str]
    about: str

    @property
    def subject(self) -> str:
        """The token's subject."""
        return f"{_SERVICE}{self.service}"

    def claims(self) -> dict[str, Any]:
        """What stands in the token beside its subject; scopes as in RFC 8693, section 4.2."""
        return {"scope": " ".join(sorted(self.scopes)), "about": self.about}

    @classmethod
    def told_by(cls, subject: str, extra: Mapping[str, Any]) -> "ServiceClaims":
        """What the token says; one that says nothing of scopes has none."""
        scopes = str(extra.get("scope") or "").split()
        return cls(subject.removeprefix(_SERVICE), frozenset(scopes), str(extra.get("about") or ""))


def is_service(subject: str, name: str) -> bool:
    """Whether the subject is the service of this name."""
    return subject == f"{_SERVICE}{name}"


VISITOR_SCOPE = "visitor"
"""Of a file that a visitor, or whoever fills in a form, may send wherever they write."""

TEMPLATE = "template:"
"""With what the scope of a template's files begins."""


def conversation_scope(conversation_id: str) -> str:
    """Of a file for one conversation in the chat."""
    return f"conversation:{conversation_id}"


def request_scope(request_id: str) -> str:
    """Of a file for one request: sent by mail, or come by mail."""
    return f"request:{request_id}"


def template_scope(template_id: str) -> str:
    """Of a file that belongs to a template."""
    return f"{TEMPLATE}{template_id}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof by ``attachments`` that a file was checked; the subject is the file's id, ``size`` is in bytes.

    It is good for its ``owner`` and its ``scope`` alone.
    """

    file_id: str
    name: str
    media_type: str
    size: int
    scope: str
    owner: str

    def claims(self) -> dict[str, Any]:
        """What stands in the token beside its subject."""
        said: dict[str, Any] = {"name": self.name, "media_type": self.media_type, "size": self.size}
        return said | {"scope": self.scope, "owner": self.owner}

    @classmethod
    def told_by(cls, subject: str, extra: Mapping[str, Any]) -> "Receipt":
        """What the token says; ``ValueError`` where it is no receipt."""
        try:
            said = {name: str(extra[name]) for name in ("name", "media_type", "scope", "owner")}
            return cls(subject, size=int(extra["size"]), **said)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a receipt: {error}") from None

    def is_for(self, owner: str, scopes: Iterable[str]) -> bool:
        """Whether the owner may use it in a place of one of these scopes."""
        return self.owner == owner and self.scope in scopes
