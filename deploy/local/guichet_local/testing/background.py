"""Runs supervisors beside the tests, in a thread with an event loop of its own."""

import asyncio
import shutil
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import TypeVar

from guichet_local.data import DataFolder
from guichet_local.program import Program
from guichet_local.supervisor import Supervisor
from guichet_local.system import inherited_environment
from guichet_local.testing import folders

T = TypeVar("T")


class Background:
    """An event loop in a thread. The servers of the tests live there, whatever loop a test uses."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test servers", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[None, None, T]) -> Future[T]:
        """Runs it there; the future can be waited for here, or awaited with `asyncio.wrap_future`."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Ends the thread; everything in it must have been stopped."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Supervised:
    """Programs under a supervisor in the background, for tests that look at them, stop them and kill them."""

    def __init__(self, background: Background, supervisor: Supervisor) -> None:
        self._background = background
        self._supervisor = supervisor

    def pid(self, name: str) -> int:
        """The process of one program. Raises ProcessLookupError between two lives of it."""
        return self._supervisor.pid(name)

    def kill(self, name: str) -> None:
        """Kills one as a crash would (SIGKILL); the supervisor starts it again."""

        async def kill() -> None:
            self._supervisor.kill(name)

        self._background.submit(kill()).result()

    async def crash(self, name: str) -> None:
        """Kills one (SIGKILL) and leaves it dead until `start`."""
        await self._do(self._supervisor.crash(name))

    async def ready(self, name: str) -> None:
        """Returns when it is ready, also after it was killed."""
        await self._do(self._supervisor.until_ready(name))

    async def stop(self, name: str) -> None:
        """Stops one in an orderly way, until `start`."""
        await self._do(self._supervisor.stop_one(name))

    async def start(self, name: str) -> None:
        """Starts one that was stopped; returns when it is ready."""
        await self._do(self._supervisor.start_one(name))

    async def restart(self, name: str) -> None:
        """Stops one and starts it again; returns when it is ready."""
        await self.stop(name)
        await self.start(name)

    async def _do(self, work: Coroutine[None, None, None]) -> None:
        await asyncio.wrap_future(self._background.submit(work))


class Group(Supervised):
    """A few programs with a temporary data folder of their own, which goes when they stop."""

    def __init__(self, background: Background, name: str) -> None:
        self.data = DataFolder(folders.make(name)).create()
        supervisor = Supervisor(self.data.logs, inherited_environment(), report=lambda line: None)
        super().__init__(background, supervisor)

    def start_all(self, programs: Sequence[Program]) -> Future[None]:
        """Starts them; the future is done when all are ready."""
        return self._background.submit(self._supervisor.start(programs))

    def stop_all(self) -> None:
        """Stops them all and removes their data."""
        self._background.submit(self._supervisor.stop()).result()
        shutil.rmtree(self.data.root)
