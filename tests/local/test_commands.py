"""`make up` and `make down` as a person meets them, short of starting everything."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from guichet_local.data import DataFolder
from guichet_local.ports import free_ports
from guichet_local.running import MARK, Identity, PidFile, end_leftovers


def guichet_local(command: str, data: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GUICHET_DATA": str(data), **settings}
    return subprocess.run(
        [sys.executable, "-m", "guichet_local", command], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data").create()


class TestUp:
    def test_a_taken_port_gives_one_line_and_nothing_is_started(self, data: DataFolder) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            number = other.getsockname()[1]
            # Every other port away from those of a run that may be going on here.
            up = guichet_local("up", data.root, GUICHET_PORT=str(number), GUICHET_PORT_BASE="23000")
        assert up.returncode == 1
        assert f"port {number} (the gateway) is taken by another program; set GUICHET_PORT to a free one" in up.stdout
        assert list(data.logs.iterdir()) == []

    def test_many_taken_ports_give_one_line_too(self, data: DataFolder) -> None:
        base = free_ports(201)[0]
        with ExitStack() as others:
            for offset in (1, 2, 11, 100):
                other = others.enter_context(socket.socket())
                other.bind(("127.0.0.1", base + offset))
                other.listen()
            up = guichet_local("up", data.root, GUICHET_PORT=str(base + 200), GUICHET_PORT_BASE=str(base))
        assert up.stdout.splitlines() == [
            (
                f"guichet: ports {base + 1}, {base + 2}, {base + 11} and others are taken by other programs; "
                "set GUICHET_PORT_BASE to move them all"
            )
        ]

    def test_a_bad_setting_gives_one_line(self, data: DataFolder) -> None:
        up = guichet_local("up", data.root, GUICHET_PORT="many")
        assert (up.returncode, up.stdout.splitlines()) == (
            1,
            ["guichet: GUICHET_PORT=many is not a port: give a number from 1 to 65535"],
        )

    def test_a_second_one_on_the_same_data_is_refused(self, data: DataFolder) -> None:
        PidFile(data).write()
        up = guichet_local("up", data.root)
        assert up.returncode == 1
        assert f"already running (process {os.getpid()})" in up.stdout


class TestDown:
    def test_nothing_that_runs_is_no_error(self, data: DataFolder) -> None:
        down = guichet_local("down", data.root)
        assert (down.returncode, down.stdout) == (0, "guichet: nothing runs\n")

    def test_a_process_that_only_has_the_id_of_an_earlier_run_is_left_alone(self, data: DataFolder) -> None:
        stranger = subprocess.Popen(["sleep", "60"])
        (data.run / "up.pid").write_text(f"{stranger.pid} 1\n")
        try:
            down = guichet_local("down", data.root)
            assert down.stdout == "guichet: nothing runs\n"
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()

    def test_the_process_that_runs_is_told_to_end_and_waited_for(self, data: DataFolder) -> None:
        # As `make up` does, it writes its own pid file and removes it when it ends.
        code = (
            "import signal, sys, time; from pathlib import Path;"
            "from guichet_local.data import DataFolder; from guichet_local.running import PidFile;"
            "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), sys.exit()));"
            f"PidFile(DataFolder(Path({str(data.root)!r}))).write(); print('up', flush=True); time.sleep(60)"
        )
        up = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert up.stdout is not None
        up.stdout.readline()
        down = guichet_local("down", data.root)
        assert (down.returncode, down.stdout) == (0, "guichet: stopped\n")
        assert up.wait(timeout=1) == 0
        up.stdout.close()


class TestStatus:
    def test_it_says_that_nothing_runs(self, data: DataFolder) -> None:
        status = guichet_local("status", data.root)
        assert (status.returncode, status.stdout) == (1, f"guichet: nothing runs on {data.root}\n")


class TestWhatAKilledRunLeft:
    def test_its_processes_are_ended_and_no_others(self, data: DataFolder, tmp_path: Path) -> None:
        ours = subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: str(data.root)})
        anothers = subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: str(tmp_path / "other")})
        wait_for_environment(ours.pid)
        wait_for_environment(anothers.pid)
        try:
            assert end_leftovers(data) == 1
            assert ours.wait(timeout=5) == -signal.SIGTERM
            assert anothers.poll() is None
        finally:
            anothers.kill()
            anothers.wait()

    def test_those_of_a_cluster_are_ended_too(self, data: DataFolder) -> None:
        # As with nginx, which overwrites its environment: only the command tells whose it is.
        ours, others = (
            subprocess.Popen(["sh", "-c", "read _", "sh", "-c", f"{root}/gateway/nginx.conf"], stdin=subprocess.PIPE)
            for root in (data.root / "cluster", data.root / "clusters")
        )
        try:
            assert end_leftovers(data) == 1
            assert ours.wait(timeout=5) == -signal.SIGTERM
            assert others.poll() is None
        finally:
            for one in (ours, others):
                one.kill()
                one.communicate()

    def test_a_process_is_known_by_its_start_and_not_only_by_its_id(self) -> None:
        me = Identity.of(os.getpid())
        assert me == Identity.of(os.getpid())
        assert me != Identity(os.getpid(), "1")
        assert Identity.of(2**22 + 1) is None


def wait_for_environment(pid: int) -> None:
    """Until the new program runs, /proc shows the environment of the one that started it."""
    deadline = time.monotonic() + 5
    while MARK.encode() not in Path(f"/proc/{pid}/environ").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)
