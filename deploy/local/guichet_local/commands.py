"""`up`, `up-cluster`, `down` and `status`: what the Makefile calls."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from guichet_local import demo, monitoring
from guichet_local.cluster import Cluster
from guichet_local.data import DataFolder, write_private
from guichet_local.install import SERVERS, TESTS, MissingError, install
from guichet_local.ports import Port, PortSettingError
from guichet_local.program import answers, is_ready
from guichet_local.running import Identity, PidFile, end_leftovers
from guichet_local.services import running as running_services
from guichet_local.settings import Settings
from guichet_local.supervisor import NotReadyError
from guichet_local.system import System

DOWN_SECONDS = 60.0
FEW_PORTS = 3


def say(line: str) -> None:
    """One line of progress, at once; a terminal that has gone away must not keep anything from stopping."""
    with suppress(OSError):
        print(f"guichet: {line}", flush=True)


def up() -> int:
    """Starts everything and stays until it is told to end; the exit code says whether it came up."""
    return _up(Settings.from_environment(os.environ))


def up_cluster() -> int:
    """The same as a cluster: three nodes of RabbitMQ and of MongoDB, two replicas of every service."""
    return _up(replace(Settings.from_environment(os.environ), cluster=True))


def _up(settings: Settings) -> int:
    data = DataFolder(settings.data).create()
    pid_file = PidFile(data)
    if running := pid_file.running():
        say(f"already running (process {running.pid}) on {settings.data}; `make down` stops it")
        return 1
    if ended := end_leftovers(data):
        say(f"ended {ended} processes that an earlier run had left")
    if taken := settings.ports.taken(settings.cluster):
        _say_taken(taken)
        return 1
    install(SERVERS, say)
    _cluster_mark(data).unlink(missing_ok=True)
    if settings.cluster:
        write_private(_cluster_mark(data), "")
    pid_file.write()
    try:
        return asyncio.run(_run(settings))
    finally:
        pid_file.remove()


def _cluster_mark(data: DataFolder) -> Path:
    return data.run / "is-a-cluster"


def _last_run() -> tuple[Settings, DataFolder]:
    """What runs on the data folder, or ran there last: one system or a cluster."""
    settings = Settings.from_environment(os.environ)
    data = DataFolder(settings.data)
    return replace(settings, cluster=_cluster_mark(data).exists()), data


def _system(settings: Settings) -> System:
    return (Cluster if settings.cluster else System)(settings, say)


def _say_taken(ports: list[Port]) -> None:
    of_base = [port for port in ports if port.base_moves_it]
    if len(of_base) > FEW_PORTS:
        numbers = ", ".join(str(port.number) for port in of_base[:FEW_PORTS])
        say(f"ports {numbers} and others are taken by other programs; set GUICHET_PORT_BASE to move them all")
        ports = [port for port in ports if not port.base_moves_it]
    for port in ports:
        say(f"port {port.number} ({port.purpose}) is taken by another program; set {port.setting} to a free one")


async def _run(settings: Settings) -> int:
    started = time.monotonic()
    told_to_end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, told_to_end.set)
    system = _system(settings)
    say("starting RabbitMQ, MongoDB, the object store, the services and the gateway")
    starting = asyncio.create_task(system.start())
    ending = asyncio.create_task(told_to_end.wait())
    playing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    try:
        await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            say(f"ready after {time.monotonic() - started:.1f} s")
            _print_addresses(settings, system.data, await system.first_administrator())
            playing = asyncio.create_task(_play_demo_day(system))
            await ending
    except (NotReadyError, demo.SeedError) as error:
        say(str(error))
        return 1
    finally:
        for task in (starting, ending, playing):
            task.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        say("stopping")
        await system.stop()
        say("stopped")
    return 0


async def _play_demo_day(system: System) -> None:
    try:
        await system.play_demo_day_once()
    except demo.SeedError as error:
        say(str(error))


def _print_addresses(settings: Settings, data: DataFolder, administrator: Mapping[str, str] | None) -> None:
    rows = [("Console", settings.public_url)]
    if settings.demo:
        rows.append(("Demo site", f"{settings.public_url}/demo  ({settings.demo_url})"))
        rows.append(("Demo mailbox", f"{settings.public_url}/demo/mail"))
        rows += [(account.name, f"{account.email}  {demo.PASSWORD}  ({account.role})") for account in demo.ACCOUNTS]
    if administrator is not None:
        rows.append(("Administrator", f"{administrator['email']} sets a password here, once:"))
        rows.append(("", administrator["link"]))
    rows += [
        ("Data", str(data.root)),
        ("Logs", str(data.logs)),
        ("Stop", "Ctrl-C here, or `make down`"),
    ]
    print("\n" + "\n".join(f"  {name:<14} {value}" for name, value in rows) + "\n", flush=True)


def down() -> int:
    """Ends the `make up` of the data folder and waits for it; ends what a killed one left."""
    data = DataFolder(Settings.from_environment(os.environ).data).create()
    running = PidFile(data).running()
    if running is None:
        ended = end_leftovers(data)
        say(f"ended {ended} processes that an earlier run had left" if ended else "nothing runs")
        return 0
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_SECONDS
    while Identity.of(running.pid) == running:
        if time.monotonic() > deadline:
            say(f"process {running.pid} has not ended after {DOWN_SECONDS:.0f} s")
            return 1
        time.sleep(0.1)
    say("stopped")
    return 0


def status() -> int:
    """Prints what runs and what is ready; the exit code is 0 when all is."""
    settings, data = _last_run()
    running = PidFile(data).running()
    if running is None:
        say(f"nothing runs on {settings.data}")
        return 1
    say(f"running (process {running.pid}) at {settings.public_url}")
    return asyncio.run(_print_states(settings))


async def _print_states(settings: Settings) -> int:
    probes = {name: answers(settings.ports[name], "/readyz") for name in running_services(settings)}
    probes["gateway"] = answers(settings.ports["gateway"], "/healthz")
    states = await asyncio.gather(*(is_ready(probe) for probe in probes.values()))
    for name, ready in zip(probes, states, strict=True):
        print(f"  {name:<14} {'ready' if ready else 'not ready'}")
    return 0 if all(states) else 1


def ctl(arguments: Sequence[str]) -> int:
    """Runs `guichetctl` with the settings of `make up` on this data folder; the exit code is its own."""
    settings, _ = _last_run()
    if not settings.data.is_dir():
        say(f"there is nothing at {settings.data}: run `make up` first")
        return 1
    environment = _system(settings).service_environment()
    return subprocess.run([sys.executable, "-m", "guichet_ctl", *arguments], env=environment, check=False).returncode


def prepare_tests() -> int:
    """Installs what the tests need beside what `up` needs."""
    install((*SERVERS, *TESTS, monitoring.PROMETHEUS), say)
    return 0


def monitor() -> int:
    """Runs Prometheus beside `make up` until it is told to end."""
    settings = Settings.from_environment(os.environ)
    install([monitoring.PROMETHEUS], say)
    try:
        asyncio.run(monitoring.run(settings, say))
    except NotReadyError as error:
        say(str(error))
        return 1
    return 0


def check_alerts() -> int:
    """Checks the alert rules and runs their tests."""
    return monitoring.check_alerts(say)


COMMANDS: dict[str, Callable[[], int]] = {
    "up": up,
    "up-cluster": up_cluster,
    "down": down,
    "status": status,
    "prepare-tests": prepare_tests,
    "monitor": monitor,
    "check-alerts": check_alerts,
}


def main() -> int:
    """Runs the command that was named."""
    names = sys.argv[1:]
    if names[:1] == ["ctl"]:
        return ctl(names[1:])
    if len(names) != 1 or names[0] not in COMMANDS:
        say(f"name one command: {', '.join([*COMMANDS, 'ctl …'])}")
        return 2
    try:
        return COMMANDS[names[0]]()
    except (PortSettingError, MissingError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
