"""Ends rights in every service within seconds: tells whose tokens are good no more, and frees what they held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from guichet_contracts.requests import AgentsRevoked, AgentsRevokedData
from guichet_kit import tasks
from guichet_kit.broker import LivePublisher, PublishFailed
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES
from guichet_kit.revocations import Revocations

from guichet_requests.agent.store import AgentStore
from guichet_requests.errors import Refused
from guichet_requests.request.store import RequestStore
from guichet_requests.request.usecases import free_requests_of

TELL_SECONDS = 2.0
"""What one message did not carry, because it was lost or a process started later, the next one does."""

FREE_SECONDS = 10.0
"""Between two looks whether somebody without access holds a request. Whoever takes access away frees them at once: only
what was given to them at that very moment, or is opened again, waits for this."""

_TO_PASS: tuple[type[Exception], ...] = (*OUTAGES, PublishFailed, Refused)

log = get_logger(__name__)


class Rights:
    """Looks into the directory every `TELL_SECONDS`, and at once after `changed`; each replica does so.

    It must look, since an operator's command takes access away, too, in the database alone.
    """

    def __init__(
        self, store: AgentStore, requests: RequestStore, revocations: Revocations, live: LivePublisher
    ) -> None:  # fmt: skip
        self._store, self._requests, self._revocations, self._live = store, requests, revocations, live
        self._soon, self._free_soon = asyncio.Event(), asyncio.Event()

    async def changed(self) -> None:
        """A right or a session has just ended by this process: from now on it refuses the tokens, and tells others."""
        self._revocations.hear(*await self._store.revoked())
        self._soon.set()
        self._free_soon.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell and free until the context ends."""
        background = [asyncio.create_task(self._tell_for_ever()), asyncio.create_task(self._free_for_ever())]
        try:
            yield
        finally:
            await tasks.stop(*background)

    async def _tell_for_ever(self) -> None:
        while True:
            self._soon.clear()
            try:
                await self._tell()
            except _TO_PASS as error:
                log.info("revocations_not_told", error=str(error)[:200])
            except Exception:  # the next round may do better
                log.exception("revocations_not_told")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._soon.wait(), TELL_SECONDS)

    async def _tell(self) -> None:
        agents, sessions = await self._store.revoked()
        self._revocations.hear(agents, sessions)
        event = AgentsRevoked(
            id=new_id(),
            time=now(),
            subject="agents",
            data=AgentsRevokedData(agents=agents, sessions=tuple(sessions)),
        )
        await self._live.publish(event.type, event.model_dump(mode="json"))

    async def _free_for_ever(self) -> None:
        # Not only what is held when access ends: a request may be given to somebody at that very moment, or be opened
        # again years later.
        while True:
            try:
                await free_requests_of(self._requests, await self._store.inactive())
            except _TO_PASS as error:
                log.info("requests_not_freed", error=str(error)[:200])
            except Exception:  # the next round may do better
                log.exception("requests_not_freed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._free_soon.wait(), FREE_SECONDS)
            self._free_soon.clear()
