"""The second factor: a code of six digits from an application on the agent's telephone (TOTP, RFC 6238)."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pyotp
from cryptography.fernet import Fernet, InvalidToken

from guichet_requests.agent.agent import Agent
from guichet_requests.errors import Refused

AskedOf = Literal["nobody", "administrators", "managers", "everybody"]
"""Of whom a second factor is asked; others may have one. Managers are supervisors and administrators."""

STEP_SECONDS = 30
_SLACK_STEPS = 1
"""Clocks of telephones may be so many steps off (RFC 6238, section 5.2)."""


class CodeWanted(Refused):
    """The password is right; the code is wanted as well."""

    def __init__(self) -> None:
        super().__init__("The code of your authenticator application is wanted as well.")


class SetUpWanted(Refused):
    """The password is right; a second factor is asked of this agent, who has none yet: this is the one to take."""

    def __init__(self, offer: "Offer") -> None:
        super().__init__("A second factor has to be set up: sign in with the code that it gives for this secret.")
        self.offer = offer


class AskedOfYou(Refused):
    """The second factor cannot be taken away from somebody of whom it is asked."""

    def __init__(self) -> None:
        super().__init__("A second factor is asked of you; it cannot be taken away.")


class WrongCode(Refused):
    """The code is not the present one, or was used before."""

    def __init__(self) -> None:
        super().__init__("is not right, or was used already")


@dataclass(frozen=True, slots=True)
class Factor:
    """What is kept of an agent's: the secret, sealed, and the last step whose code was used (-1: none yet)."""

    sealed: str
    last_step: int = -1


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret to enter into the application; ``uri`` says the same, for a link or a QR code."""

    secret: str
    uri: str


def asked_of(agent: Agent, of: AskedOf) -> bool:
    """Whether a second factor is asked of the agent."""
    wanted = {"nobody": (), "administrators": ("admin",), "managers": ("supervisor", "admin")}
    return of == "everybody" or agent.role in wanted[of]


class SecondFactors:
    """Makes secrets, seals them for the database, and judges codes."""

    def __init__(self, installation_secret: bytes) -> None:
        key = hmac.digest(installation_secret, b"guichet second factor", hashlib.sha256)
        self._seal = Fernet(base64.urlsafe_b64encode(key))

    def new(self) -> Factor:
        """One with a secret of its own: 160 bits (RFC 4226, section 4)."""
        return Factor(self._seal.encrypt(pyotp.random_base32().encode()).decode())

    def offer(self, factor: Factor, agent: Agent) -> Offer:
        """How the agent gets it into their application."""
        secret = self._open(factor)
        return Offer(secret, pyotp.TOTP(secret).provisioning_uri(name=agent.email, issuer_name="Guichet"))

    def step_of(self, factor: Factor, code: str, at: datetime) -> int | None:
        """The step whose code this is; None where it is no code of now, or one that was used, or before such a one."""
        totp, step = pyotp.TOTP(self._open(factor)), int(at.timestamp()) // STEP_SECONDS
        given = "".join(code.split())
        matching: Callable[[int], bool] = lambda one: hmac.compare_digest(  # noqa: E731
            totp.generate_otp(one).encode(), given.encode()
        )
        steps = [one for one in range(step - _SLACK_STEPS, step + _SLACK_STEPS + 1) if matching(one)]
        return next((one for one in steps if one > factor.last_step), None)

    def _open(self, factor: Factor) -> str:
        try:
            return self._seal.decrypt(factor.sealed.encode()).decode()
        except InvalidToken:
            raise RuntimeError("the second factor was sealed with another installation's secret") from None
