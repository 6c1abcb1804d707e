"""How many wrong passwords are taken in a minute, so that nobody guesses one, and nobody keeps its owner out.

A browser that an agent signed in from before is known by a signed cookie, and has a count of its own: whatever others
guess, its agent gets in (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies). All
others are counted by account and address together; and, ten times as many, by the account and by the address alone,
against guesses from many addresses or at many accounts. Only wrong guesses count.

Above these numbers a browser that is not known is not shut out, since its agent may sit beside whoever guesses: its
passwords are looked at slowly, one every `PACE_SECONDS`. A right one gets in, a wrong one is told to wait.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.limits import network_of
from guichet_kit.tokens import InvalidToken, Tokens
from guichet_kit.turns import NoTurn, Turns

from guichet_requests.agent.agent import email_key
from guichet_requests.agent.store import AgentStore
from guichet_requests.errors import Refused

WRONG_A_WINDOW = 10
WINDOW = timedelta(minutes=1)
FROM_EVERYWHERE = 10
"""How many times as many wrong guesses are taken at one account from all addresses, and from one at all accounts."""

PACE_SECONDS = 1.5
"""Between two passwords, in one process, for which one of the counts is full: forty a minute."""

_PLACES, _PATIENCE_SECONDS = 8, 12.0
DEVICE_LIFETIME = timedelta(days=365)
_DEVICE_AGENTS = 20


class TooManyAttempts(Refused):
    """No more guesses are taken now; the next one is in ``retry_after`` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many attempts to sign in to this account.")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a sign-in comes from. ``device`` is the token by which it is known, ``name`` what it calls itself."""

    address: str = ""
    device: str | None = None
    name: str = ""


class Devices:
    """Signed tokens by which browsers are known that somebody signed in from. They give no right but a count."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def known(self, browser: Browser, agent_id: str | None) -> str | None:
        """The device, where this agent signed in from it before."""
        device, agents = self._read(browser)
        return device if agent_id in agents else None

    def after_sign_in(self, browser: Browser, agent_id: str) -> str:
        """The token of the browser from now on."""
        device, agents = self._read(browser)
        agents = [agent_id, *(one for one in agents if one != agent_id)][:_DEVICE_AGENTS]
        return self._tokens.issue(device or new_id(), int(DEVICE_LIFETIME.total_seconds()), agents=agents)

    def _read(self, browser: Browser) -> tuple[str | None, list[str]]:
        try:
            claims = self._tokens.verify(browser.device or "")
        except InvalidToken:
            return None, []
        return claims.subject, [str(agent) for agent in claims.extra.get("agents", ())]


class Guesses:
    """Counts wrong guesses; ``most`` in `WINDOW`, of one account from one address or from one known device."""

    def __init__(self, store: AgentStore, most: int = WRONG_A_WINDOW, pace: float = PACE_SECONDS) -> None:
        self._store, self._most, self._turns = store, most, Turns(pace, _PLACES, _PATIENCE_SECONDS)

    @asynccontextmanager
    async def counted(self, email: str, address: str, device: str | None) -> AsyncIterator[None]:
        """Around a guess: it counts from now on, and no more once the context ends well. Raises `TooManyAttempts`.

        Where too many were wrong already, the context begins when it is one's turn, and `TooManyAttempts` takes the
        place of the refusal of a wrong password.
        """
        moment, account, taken, full = now(), email_key(email), list[str](), dict[str, int]()
        network, everywhere = network_of(address), self._most * FROM_EVERYWHERE
        counts = {f"device {device} {account}": self._most} if device else {
            f"guess {network} {account}": self._most, f"account {account}": everywhere, f"address {network}": everywhere
        }  # fmt: skip
        for key, most in counts.items():
            before = await self._store.attempt(key, moment, WINDOW, most)
            if len(before) >= most:
                full[key] = ceil((before[0] + WINDOW - moment).total_seconds())
            else:
                taken.append(key)
        if full and device:
            await self._store.take_back(taken, moment)
            raise TooManyAttempts(max(full.values()))
        try:
            for key in full:
                await self._turns.mine(key)
        except NoTurn:
            await self._store.take_back(taken, moment)
            raise TooManyAttempts(1) from None
        try:
            yield
        except Refused:
            if full:
                raise TooManyAttempts(max(full.values())) from None
            raise
        await self._store.take_back(taken, moment)
