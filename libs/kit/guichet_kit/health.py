"""Alive (the process answers) and ready (what it needs answers too)."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from guichet_kit.logs import get_logger

CHECK_SECONDS = 2.0

log = get_logger(__name__)


class Health:
    """Named checks; each raises, or takes too long, when what it looks at is not well."""

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[], Awaitable[None]]] = {}
        self.draining = False

    def check(self, name: str, call: Callable[[], Awaitable[None]]) -> None:
        """Add a check."""
        self._checks[name] = call

    async def report(self) -> dict[str, str]:
        """``ok`` or ``failing`` for each check, all asked at once."""

        async def ask(name: str, call: Callable[[], Awaitable[None]]) -> tuple[str, str]:
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await call()
            except Exception as error:  # noqa: BLE001  a failing check is what this function is to report
                log.warning("check_failing", check=name, error=repr(error))
                return name, "failing"
            return name, "ok"

        return dict(await asyncio.gather(*(ask(name, call) for name, call in self._checks.items())))

    def routes(self) -> APIRouter:
        """``/livez`` and ``/readyz``."""
        router = APIRouter(tags=["health"])

        @router.get("/livez")
        async def livez() -> dict[str, str]:
            return {"status": "ok"}

        @router.get("/readyz")
        async def readyz() -> JSONResponse:
            checks = await self.report()
            ready = not self.draining and all(state == "ok" for state in checks.values())
            return JSONResponse({"status": "ok" if ready else "failing", "checks": checks}, 200 if ready else 503)

        return router
