"""The supervisor, with real processes."""

import asyncio
import os
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from guichet_local.program import Program
from guichet_local.supervisor import NotReadyError, Supervisor
from guichet_local.system import inherited_environment

LISTENS = "import time; open('ready', 'a').write('x'); time.sleep(60)"
IGNORES_SIGTERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LISTENS}"
LEAVES_A_CHILD = f"import subprocess; open('child', 'w').write(str(subprocess.Popen(['sleep', '60']).pid)); {LISTENS}"


class Report(list[str]):
    """Keeps the lines that the supervisor reports."""

    def __call__(self, line: str) -> None:
        self.append(line)


@pytest.fixture
def report() -> Report:
    return Report()


@pytest.fixture
async def supervisor(tmp_path: Path, report: Report) -> AsyncIterator[Supervisor]:
    made = Supervisor(tmp_path, inherited_environment(), report)
    yield made
    await made.stop()


def python(folder: Path, code: str, **more: object) -> Program:
    """A program of a few lines; it is ready when it has written the file `ready` in this life."""
    seen = 0

    async def ready() -> bool:
        nonlocal seen
        file = folder / "ready"
        lives = len(file.read_text()) if file.exists() else 0
        was, seen = seen, lives
        return lives > was

    return Program(name="it", command=[sys.executable, "-c", code], ready=ready, folder=folder, **more)  # type: ignore[arg-type]


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class TestAProgramThatDies:
    async def test_it_is_started_again_and_said_so(
        self, supervisor: Supervisor, report: Report, tmp_path: Path
    ) -> None:
        await supervisor.start([python(tmp_path, LISTENS)])
        first = supervisor.pid("it")
        supervisor.kill("it")
        await supervisor.until_ready("it")
        assert supervisor.pid("it") != first
        assert report == [f"it ended (signal SIGKILL), starting it again in 0.2 s; see {tmp_path}/it.log"]

    async def test_the_waits_grow_when_it_dies_again_and_again(
        self, supervisor: Supervisor, report: Report, tmp_path: Path
    ) -> None:
        with pytest.raises(NotReadyError, match=r"it is not ready after 2 s; see .*it\.log"):
            await supervisor.start([python(tmp_path, "print('no key'); raise SystemExit(3)", ready_seconds=2)])
        waits = [line.split("again in ")[1].split(" s")[0] for line in report]
        assert waits[:3] == ["0.2", "0.4", "0.8"]
        assert "it ended (exit code 3: no key)" in report[0]

    async def test_what_it_wrote_is_in_its_log(self, supervisor: Supervisor, tmp_path: Path) -> None:
        await supervisor.start([python(tmp_path, f"print('hello', flush=True); {LISTENS}")])
        assert (tmp_path / "it.log").read_text() == "hello\n"


class TestStopping:
    async def test_a_program_that_ignores_the_signal_is_killed_in_bounded_time(
        self, supervisor: Supervisor, report: Report, tmp_path: Path
    ) -> None:
        await supervisor.start([python(tmp_path, IGNORES_SIGTERM, stop_seconds=0.5)])
        pid = supervisor.pid("it")
        started = time.monotonic()
        await supervisor.stop()
        assert time.monotonic() - started < 3
        assert not runs(pid)
        assert report == ["it did not stop in 0.5 s and was killed"]

    async def test_the_children_of_a_program_end_with_it(self, supervisor: Supervisor, tmp_path: Path) -> None:
        await supervisor.start([python(tmp_path, LEAVES_A_CHILD)])
        child = int((tmp_path / "child").read_text())
        assert runs(child)
        await supervisor.stop()
        await eventually(lambda: not runs(child))

    async def test_a_program_that_is_being_started_again_stays_stopped(
        self, supervisor: Supervisor, tmp_path: Path
    ) -> None:
        await supervisor.start([python(tmp_path, LISTENS)])
        supervisor.kill("it")
        await supervisor.stop()
        lives = (tmp_path / "ready").read_text()
        await asyncio.sleep(0.5)
        assert (tmp_path / "ready").read_text() == lives


class TestASupervisorThatIsKilled:
    async def test_its_programs_do_not_outlive_it(self, tmp_path: Path) -> None:
        code = textwrap.dedent(f"""
            import asyncio
            from pathlib import Path
            from guichet_local.program import Program
            from guichet_local.supervisor import Supervisor
            from guichet_local.system import inherited_environment

            async def ready():
                return True

            async def main():
                supervisor = Supervisor(Path({str(tmp_path)!r}), inherited_environment(), print)
                await supervisor.start([Program("it", ["sleep", "60"], ready)])
                print(supervisor.pid("it"), flush=True)
                await asyncio.sleep(60)

            asyncio.run(main())
        """)
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
        )
        assert parent.stdout is not None
        child = int(await parent.stdout.readline())
        assert runs(child)
        parent.send_signal(signal.SIGKILL)
        await parent.wait()
        await eventually(lambda: not runs(child))
