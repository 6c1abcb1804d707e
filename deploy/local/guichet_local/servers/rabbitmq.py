"""RabbitMQ from the Debian package: its port mapper (epmd) and the broker, or the nodes of a cluster."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from guichet_local.data import private_folder, write_private
from guichet_local.ports import Ports
from guichet_local.program import Probe, Program, accepts

USER = "guichet"
# Not the wrapper in sbin, which changes the user.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
CONTROL = SERVER.with_name("rabbitmqctl")
ROOT = "GUICHET_RABBITMQ_ROOT"
"""Names a folder in which another Debian lies, whose RabbitMQ is taken instead (deploy/local/rabbitmq-4)."""
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01"


NODES = ("rabbitmq", "rabbitmq-2", "rabbitmq-3")
"""The nodes of a cluster, by the names of their programs and ports. One alone is the first."""


def url(ports: Ports, password: str, nodes: Sequence[str] = NODES[:1]) -> str:
    """The address under which clients reach the broker, or each of the nodes."""
    hosts = ",".join(f"127.0.0.1:{ports[name]}" for name in nodes)
    return f"amqp://{USER}:{password}@{hosts}/"


def executable() -> Path | None:
    """The broker's start script, if the package is installed."""
    return SERVER if SERVER.exists() else None


def programs(folder: Path, ports: Ports, password: str) -> list[Program]:
    """The port mapper and the broker; both can start at the same time."""
    return [port_mapper(folder, ports), node(folder, ports, password)]


def port_mapper(folder: Path, ports: Ports) -> Program:
    """An epmd of one's own, for all nodes. In the foreground it ends with the rest; a node's would not."""
    return Program(
        name="epmd",
        command=["epmd", "-address", "127.0.0.1", "-port", str(ports["epmd"])],
        ready=accepts(ports["epmd"]),
        environment=_environment(folder, ports, NODES[0]),
        stop_seconds=2,
        layer=0,
    )


def node(
    folder: Path, ports: Ports, password: str, name: str = NODES[0], cluster: Sequence[str] = NODES[:1]
) -> Program:
    """A broker. One of several joins the others at its first start, so the first of them must run by then."""
    return Program(
        name=name,
        command=_command(SERVER),
        ready=_speaks_amqp(ports[name]),
        environment=_environment(folder, ports, name),
        folder=folder,
        prepare=lambda: _prepare(folder, ports, password, name, cluster),
        stop_seconds=5,  # what it has confirmed is on the disk
    )


def _command(program: Path) -> list[str]:
    """How to run a program of the package: the system's, or the other root's, which sees the same /proc and /tmp."""
    root = os.environ.get(ROOT)
    if not root:
        return [str(program)]
    mount = f'mount --rbind /proc "{root}/proc" && mount --rbind /tmp "{root}/tmp"'  # noqa: S108
    enter = f'{mount} && exec chroot "{root}" "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", enter, "sh", str(program)]


def node_name(name: str) -> str:
    """By which the nodes know each other."""
    return f"{name.replace(NODES[0], 'guichet')}@localhost"


async def control(node: Program, *arguments: str) -> str:
    """What `rabbitmqctl` says of a node that runs. Raises RuntimeError when it fails."""
    process = await asyncio.create_subprocess_exec(
        *(*_command(CONTROL), "--quiet", *arguments),
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **node.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(output.decode(errors="replace")[-300:])
    return output.decode()


def _environment(folder: Path, ports: Ports, name: str) -> Mapping[str, str]:
    return {
        "HOME": str(folder),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_CRASH_DUMP": "/dev/null",
        "RABBITMQ_NODENAME": node_name(name),
        "RABBITMQ_DIST_PORT": str(ports[f"{name}-dist"]),
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


def _prepare(folder: Path, ports: Ports, password: str, name: str, cluster: Sequence[str]) -> None:
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
listeners.tcp.default = 127.0.0.1:{ports[name]}
loopback_users = none
default_user = {USER}
default_pass = {password}
disk_free_limit.absolute = 50MB
log.console = false
log.file = rabbitmq.log
log.file.rotation.size = 10485760
log.file.rotation.count = 3
"""
        + (_of_cluster(cluster) if len(cluster) > 1 else ""),
    )


def _of_cluster(nodes: Sequence[str]) -> str:
    """The same for each: whom to join, that leaders of queues spread, and that a minority stops taking messages."""
    named = "".join(
        f"cluster_formation.classic_config.nodes.{number} = {node_name(name)}\n" for number, name in enumerate(nodes, 1)
    )
    return f"""\
cluster_formation.peer_discovery_backend = classic_config
{named}cluster_partition_handling = pause_minority
queue_leader_locator = balanced
"""


def _offer_no_plugins(folder: Path) -> None:
    """Link what the broker itself is made of, which lies among its plugins.

    At each start it loads the code of all that lie there, enabled or not: a quarter of the time that it takes.
    """
    for link in folder.iterdir():
        link.unlink()
    root = os.environ.get(ROOT) or "/"
    (plugins,) = Path(root).glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins")
    for part in plugins.iterdir():
        if part.name.startswith("rabbitmq_prelaunch") or not part.name.startswith("rabbitmq_"):
            (folder / part.name).symlink_to(Path("/") / part.relative_to(root))


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
