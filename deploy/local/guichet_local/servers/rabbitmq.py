"""RabbitMQ from the Debian package: its port mapper (epmd) and the broker."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from guichet_local.data import private_folder, write_private
from guichet_local.ports import Ports
from guichet_local.program import Probe, Program, accepts

USER = "guichet"
# Not the wrapper in sbin, which changes the user.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"


def url(ports: Ports, password: str) -> str:
    """The address under which clients reach the broker."""
    return f"amqp://{USER}:{password}@127.0.0.1:{ports['rabbitmq']}/"


def executable() -> Path | None:
    """The broker's start script, if the package is installed."""
    return SERVER if SERVER.exists() else None


def programs(folder: Path, ports: Ports, password: str) -> list[Program]:
    """The port mapper and the broker; both can start at the same time.

    An epmd of its own, run in the foreground, ends with the rest; one that the broker starts itself would stay.
    """
    environment = _environment(folder, ports)
    epmd = Program(
        name="epmd",
        command=["epmd", "-address", "127.0.0.1", "-port", str(ports["epmd"])],
        ready=accepts(ports["epmd"]),
        environment=environment,
        stop_seconds=2,
        layer=0,
    )
    broker = Program(
        name="rabbitmq",
        command=[str(SERVER)],
        ready=_speaks_amqp(ports["rabbitmq"]),
        environment=environment,
        folder=folder,
        prepare=lambda: _prepare(folder, ports, password),
        stop_seconds=5,  # what it has confirmed is on the disk
    )
    return [epmd, broker]


def _environment(folder: Path, ports: Ports) -> Mapping[str, str]:
    return {
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_CRASH_DUMP": "/dev/null",
        "RABBITMQ_NODENAME": "guichet@localhost",
        "RABBITMQ_DIST_PORT": str(ports["rabbitmq-dist"]),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_PLUGINS_DIR": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"
        ),
        # The script then becomes the Erlang machine: one process, whose id and signals are the broker's own.
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _prepare(folder: Path, ports: Ports, password: str) -> None:
    private_folder(folder)
    cookie = folder / ".erlang.cookie"
    if not cookie.exists():
        write_private(cookie, password, mode=0o400)
    _offer_no_plugins(private_folder(folder / "plugins"))
    write_private(folder / "enabled_plugins", "[].\n")
    write_private(folder / "rabbitmq-env.conf", "")
    write_private(
        folder / "rabbitmq.conf",
        f"""\
listeners.tcp.default = 127.0.0.1:{ports["rabbitmq"]}
loopback_users = none
default_user = {USER}
default_pass = {password}
disk_free_limit.absolute = 50MB
log.console = false
log.file = rabbitmq.log
log.file.rotation.size = 10485760
log.file.rotation.count = 3
""",
    )


def _offer_no_plugins(folder: Path) -> None:
    """Link what the broker itself is made of, which lies among its plugins.

    At each start it loads the code of all that lie there, enabled or not: a quarter of the time that it takes.
    """
    for link in folder.iterdir():
        link.unlink()
    for part in (SERVER.resolve().parents[1] / "plugins").iterdir():
        if part.name.startswith("rabbitmq_prelaunch") or not part.name.startswith("rabbitmq_"):
            (folder / part.name).symlink_to(part)


def _speaks_amqp(port: int) -> Probe:
    """A probe: the broker answers the protocol header, as it does only when it has finished to boot."""

    async def probe() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(PROTOCOL_HEADER)
            return await reader.read(1) == METHOD_FRAME
        finally:
            writer.close()
            await writer.wait_closed()

    return probe
