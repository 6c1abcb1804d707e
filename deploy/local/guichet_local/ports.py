"""The ports of everything on this machine: their defaults, their settings, and whether they are free."""

import os
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

# Above, the kernel takes ports for outgoing connections and a server may find its own taken.
HIGHEST = 32767
DEFAULT_GATEWAY = 8080
DEFAULT_BASE = 18000
_LOWEST = 10_000
_WORKERS_AT_MOST = 4

# name: (offset from GUICHET_PORT_BASE, what listens there)
OFFSETS = {
    "chat-1": (1, "the first chat replica"),
    "chat-2": (2, "the second chat replica"),
    "requests": (11, "the requests service"),
    "contacts": (21, "the contacts service"),
    "attachments": (31, "the attachments service"),
    "mailer": (41, "the mailer service"),
    "demo-smtp": (51, "the mail server of the demo's customers"),
    "demo-mail": (52, "the mailboxes of the demo's customers"),
    "prometheus": (61, "Prometheus, where `make monitor` runs it"),
    "rabbitmq": (100, "RabbitMQ"),
    "rabbitmq-dist": (101, "RabbitMQ's distribution"),
    "epmd": (102, "RabbitMQ's port mapper"),
    "mongodb": (110, "MongoDB"),
    "s3": (120, "the object store"),
    "s3-master": (121, "the object store's master"),
    "s3-volume": (122, "the object store's volumes"),
    "s3-filer": (123, "the object store's filer"),
    "s3-grpc": (124, "the object store's gRPC"),
    "s3-master-grpc": (125, "the object store's master gRPC"),
    "s3-volume-grpc": (126, "the object store's volumes gRPC"),
    "s3-filer-grpc": (127, "the object store's filer gRPC"),
    "s3-admin": (128, "the object store's administration"),
    "s3-admin-grpc": (129, "the object store's administration gRPC"),
}

# What `make up-cluster` runs more of; the first of each keeps its usual port.
CLUSTER_OFFSETS = {
    "requests-2": (12, "the second requests replica"),
    "contacts-2": (22, "the second contacts replica"),
    "attachments-2": (32, "the second attachments replica"),
    "mailer-2": (44, "the second mailer replica"),
    "smtp-2": (45, "mail coming in by SMTP, to the second mailer replica"),
    "lmtp-2": (46, "mail coming in by LMTP, to the second mailer replica"),
    "rabbitmq-2": (103, "the second RabbitMQ node"),
    "rabbitmq-2-dist": (104, "the second RabbitMQ node's distribution"),
    "rabbitmq-3": (105, "the third RabbitMQ node"),
    "rabbitmq-3-dist": (106, "the third RabbitMQ node's distribution"),
    "mongodb-2": (111, "the second MongoDB member"),
    "mongodb-3": (112, "the third MongoDB member"),
}

# Run beside `make up`, before or after it.
_BESIDE = ("prometheus",)

# name: (offset from a GUICHET_PORT_BASE that was moved, the usual number, what listens there)
MAIL = {
    "smtp": (42, 2525, "mail coming in by SMTP"),
    "lmtp": (43, 2424, "mail coming in by LMTP"),
}


class PortSettingError(ValueError):
    """A port setting is not a usable port number; the text names it."""


@dataclass(frozen=True)
class Port:
    """One port: its number, what listens there, and the environment setting that moves it.

    `base_moves_it` is whether GUICHET_PORT_BASE moves it as well.
    """

    number: int
    purpose: str
    setting: str
    base_moves_it: bool = True


class Ports:
    """The port of each thing by its name: `ports["chat-1"]`."""

    def __init__(self, ports: Mapping[str, Port]) -> None:
        self._ports = dict(ports)

    def __getitem__(self, name: str) -> int:
        return self._ports[name].number

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Ports":
        """Reads GUICHET_PORT, GUICHET_DEMO_PORT, GUICHET_PORT_BASE and GUICHET_PORT_<NAME>.

        Raises PortSettingError for one that is not a number from 1 to 65535, or used twice.
        """

        def read(setting: str, default: int) -> int:
            text = environment.get(setting) or str(default)
            if not text.isdecimal() or not 1 <= int(text) <= 65535:
                raise PortSettingError(f"{setting}={text} is not a port: give a number from 1 to 65535")
            return int(text)

        gateway = read("GUICHET_PORT", DEFAULT_GATEWAY)
        base = read("GUICHET_PORT_BASE", DEFAULT_BASE)
        demo_site = read("GUICHET_DEMO_PORT", gateway + 1)
        ports = {
            "gateway": Port(gateway, "the gateway", "GUICHET_PORT", base_moves_it=False),
            "demo-site": Port(demo_site, "the demo site", "GUICHET_DEMO_PORT", base_moves_it=False),
        }
        for name, (offset, number, purpose) in MAIL.items():
            setting = f"GUICHET_{name.upper()}_PORT"
            default = number if base == DEFAULT_BASE else base + offset
            ports[name] = Port(read(setting, default), purpose, setting)
        for name, (offset, purpose) in (OFFSETS | CLUSTER_OFFSETS).items():
            setting = "GUICHET_PORT_" + name.upper().replace("-", "_")
            ports[name] = Port(read(setting, base + offset), purpose, setting)
        _refuse_doubles(ports)
        return cls(ports)

    @classmethod
    def free(cls) -> "Ports":
        """Ports that are all free now, as `free_ports` gives them."""
        ports = cls.from_environment({})._ports.values()
        numbers = free_ports(len(ports))
        return cls.from_environment({port.setting: str(number) for port, number in zip(ports, numbers, strict=True)})

    def taken(self, cluster: bool = False) -> list[Port]:
        """Those of `make up`, or of `make up-cluster`, on which something listens already."""
        not_needed = _BESIDE if cluster else (*_BESIDE, *CLUSTER_OFFSETS)
        needed = [port for name, port in self._ports.items() if name not in not_needed]
        return [port for port in needed if not is_free(port.number)]


class _FreePorts:
    """Gives each port of the range in its turn, so that nobody gets one that another is about to listen on."""

    def __init__(self) -> None:
        # Test processes side by side take ports from parts of the range that do not overlap.
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS_AT_MOST
        width = (HIGHEST + 1 - _LOWEST) // _WORKERS_AT_MOST
        self._range = range(_LOWEST + worker * width, _LOWEST + (worker + 1) * width)
        self._next = random.choice(self._range)  # noqa: S311 - spreads, hides nothing

    def take(self, count: int) -> range:
        while True:
            if self._next + count > self._range.stop:
                self._next = self._range.start
            numbers = range(self._next, self._next + count)
            taken = [number for number in numbers if not is_free(number)]
            self._next = taken[-1] + 1 if taken else numbers.stop
            if not taken:
                return numbers


@cache
def _of_this_process() -> _FreePorts:
    return _FreePorts()


def free_ports(count: int) -> range:
    """So many ports in a row that are free now, below those of outgoing connections; for tests.

    A process gets none a second time before it had all the others: who was given one may only be about to use it.
    """
    return _of_this_process().take(count)


def free_port() -> int:
    """One of `free_ports`."""
    return free_ports(1)[0]


def is_free(number: int) -> bool:
    """Whether a server could listen on this port of the loopback now."""
    with socket.socket() as probe:
        # As servers do: connections of an earlier life that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
        return True


def _refuse_doubles(ports: Mapping[str, Port]) -> None:
    seen: dict[int, Port] = {}
    for port in ports.values():
        if (other := seen.setdefault(port.number, port)) is not port:
            raise PortSettingError(
                f"port {port.number} is set for {other.purpose} and for {port.purpose}: "
                f"change {other.setting} or {port.setting}"
            )
