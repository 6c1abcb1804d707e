"""Keeps programs running: starts them, waits until they are ready, starts again what dies, stops them all."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from guichet_local.program import Program, is_ready

POLL_SECONDS = 0.1
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 10.0
STEADY_SECONDS = 30.0
TELL_SECONDS = 30.0
LOG_BYTES = 20_000_000
LAST_WORDS_LENGTH = 200

Report = Callable[[str], None]


class NotReadyError(Exception):
    """A program did not become ready in its time; the text says where to read why."""


class Supervisor:
    """Runs programs in one event loop, each in a session of its own, and answers for them.

    Each child gets `environment` and a signal from the kernel when the thread that started it dies, so that a
    supervisor that was killed leaves nothing behind. `report` gets one line for each thing worth knowing.
    """

    def __init__(self, log_folder: Path, environment: Mapping[str, str], report: Report) -> None:
        self._log_folder = log_folder
        self._environment = dict(environment)
        self._report = report
        self._keepers: dict[str, _Keeper] = {}

    async def start(self, programs: Iterable[Program]) -> None:
        """Starts all of them at once, and returns when all are ready. Raises NotReadyError."""
        started = []
        for program in programs:
            keeper = _Keeper(program, self._log_folder, self._environment, self._report)
            self._keepers[program.name] = keeper
            started.append(keeper)
            keeper.start()
        await asyncio.gather(*(keeper.until_ready() for keeper in started))

    async def stop(self) -> None:
        """Stops everything, the highest layer first; returns when no process is left."""
        for layer in sorted({keeper.program.layer for keeper in self._keepers.values()}, reverse=True):
            of_layer = [keeper for keeper in self._keepers.values() if keeper.program.layer == layer]
            await asyncio.gather(*(keeper.stop() for keeper in of_layer))

    async def stop_one(self, name: str) -> None:
        """Stops one program until `start_one`."""
        await self._keepers[name].stop()

    async def crash(self, name: str) -> None:
        """Kills one program (SIGKILL) and leaves it dead until `start_one`."""
        await self._keepers[name].crash()

    async def start_one(self, name: str) -> None:
        """Starts one program that was stopped; returns when it is ready."""
        self._keepers[name].start()
        await self._keepers[name].until_ready()

    async def until_ready(self, name: str) -> None:
        """Returns when the program is ready, also after it was killed. Raises NotReadyError."""
        await self._keepers[name].until_ready()

    def pid(self, name: str) -> int:
        """The process of a program. Raises ProcessLookupError between two lives of it."""
        return self._keepers[name].pid

    def kill(self, name: str) -> None:
        """Kills one program as a crash would (SIGKILL); it is started again like after any death."""
        self._keepers[name].kill()


class _Keeper:
    """Keeps one program running."""

    def __init__(self, program: Program, log_folder: Path, environment: dict[str, str], report: Report) -> None:
        self.program = program
        self.log = log_folder / f"{program.name}.log"
        self._environment = environment
        self._report = report
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    @property
    def pid(self) -> int:
        if self._process is None or self._process.returncode is not None:
            raise ProcessLookupError(f"{self.program.name} is not running")
        return self._process.pid

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.program.name}")

    async def until_ready(self) -> None:
        try:
            async with asyncio.timeout(self.program.ready_seconds):
                while not self._ready.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._ready.wait(), TELL_SECONDS)
                    if not self._ready.is_set():
                        self._report(f"still waiting for {self.program.name}; see {self.log}")
        except TimeoutError:
            raise NotReadyError(
                f"{self.program.name} is not ready after {self.program.ready_seconds:.0f} s; "
                f"see {self.log}{self._last_words()}"
            ) from None

    def kill(self) -> None:
        self._ready.clear()
        os.kill(self.pid, signal.SIGKILL)

    async def stop(self) -> None:
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        self._ready.clear()
        await self._end()

    async def crash(self) -> None:
        with suppress(ProcessLookupError):
            self.kill()
        await self.stop()

    async def _keep(self) -> None:
        delay = FIRST_DELAY_SECONDS
        while True:
            started = time.monotonic()
            died = await self._run_once()
            if time.monotonic() - started > STEADY_SECONDS:
                delay = FIRST_DELAY_SECONDS
            self._report(f"{self.program.name} ended ({died}), starting it again in {delay:g} s; see {self.log}")
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)

    async def _run_once(self) -> str:
        """One life of the program, from its start to its death; says how it died."""
        if self.program.prepare is not None:
            self.program.prepare()
        self._process = await self._spawn()
        exited = asyncio.create_task(self._process.wait())
        try:
            while not exited.done() and not self._ready.is_set():
                if await is_ready(self.program.ready):
                    self._ready.set()
                else:
                    await asyncio.wait([exited], timeout=POLL_SECONDS)
            code = await asyncio.shield(exited)
        finally:
            self._ready.clear()
        self._sweep()
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}{self._last_words()}"

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return f": {lines[-1][:LAST_WORDS_LENGTH]}" if lines else ""

    async def _spawn(self) -> asyncio.subprocess.Process:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        # setpriv (util-linux) sets the parent death signal and becomes the program, so that this process needs
        # no code between fork and exec.
        death = self.program.stop_signal.name.removeprefix("SIG")
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                "setpriv",
                "--pdeathsig",
                death,
                *self.program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.program.folder,
                env=self._environment | dict(self.program.environment),
                start_new_session=True,
            )

    async def _end(self) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(self.program.stop_signal)
            try:
                async with asyncio.timeout(self.program.stop_seconds):
                    await self._process.wait()
            except TimeoutError:
                self._report(f"{self.program.name} did not stop in {self.program.stop_seconds:g} s and was killed")
        self._sweep()
        await self._process.wait()

    def _sweep(self) -> None:
        """Ends what is left of the program's session, so that its children do not outlive it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        for file in self.program.litter:
            file.unlink(missing_ok=True)
