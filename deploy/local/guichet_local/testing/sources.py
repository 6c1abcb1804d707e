"""Where the servers of the tests come from: an address in the environment, a container, a local process."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from guichet_local.data import DataFolder
from guichet_local.ports import Ports
from guichet_local.program import Program
from guichet_local.servers import mongodb, objectstore, rabbitmq
from guichet_local.testing.background import Background, Group


class Source(Protocol):
    """One server for the tests. Starting may take long, so it is begun before its address is asked for."""

    description: str

    def begin(self) -> None:
        """Begins to start, without waiting; once."""

    def url(self) -> str:
        """The address, when the server is ready. An object store's carries its keys as user and password."""

    def stop(self) -> None:
        """Stops what `begin` started."""


class Given:
    """A server that runs already; its address was given in the environment."""

    def __init__(self, setting: str, url: str) -> None:
        self.description = f"environment ({setting})"
        self._url = url

    def begin(self) -> None: ...

    def url(self) -> str:
        return self._url

    def stop(self) -> None: ...


@dataclass(frozen=True)
class Recipe:
    """How one kind of server runs as a local process."""

    name: str
    executable: Callable[[], object | None]
    programs: Callable[[DataFolder, Ports], Sequence[Program]]
    url: Callable[[DataFolder, Ports], str]


class LocalProcess:
    """A private server of the same code as `make up`, on free ports, in a temporary folder."""

    def __init__(self, recipe: Recipe, background: Background) -> None:
        self.description = f"private local process ({recipe.executable()})"
        self._recipe = recipe
        self._background = background
        self.ports = Ports.free()
        self._group: Group | None = None
        self._started: Future[None] | None = None

    @property
    def group(self) -> Group:
        """The supervised processes, for tests that stop and kill them."""
        self.begin()
        assert self._group is not None  # noqa: S101 - begin has just made it
        return self._group

    def begin(self) -> None:
        if self._group is None:
            self._group = Group(self._background, self._recipe.name)
            self._started = self._group.start_all(self._recipe.programs(self._group.data, self.ports))

    def url(self) -> str:
        group = self.group
        assert self._started is not None  # noqa: S101 - begin has just made it
        self._started.result()
        return self._recipe.url(group.data, self.ports)

    def stop(self) -> None:
        if self._group is not None:
            self._group.stop_all()
            self._group = None


def _rabbitmq_programs(data: DataFolder, ports: Ports) -> Sequence[Program]:
    return rabbitmq.programs(data.of("rabbitmq"), ports, data.secrets().rabbitmq_password)


def _mongodb_programs(data: DataFolder, ports: Ports) -> Sequence[Program]:
    return [mongodb.program(data.of("mongodb"), ports)]


def _s3_programs(data: DataFolder, ports: Ports) -> Sequence[Program]:
    return [objectstore.program(data.of("objects"), ports, data.secrets(), "http://localhost")]


def _s3_url(data: DataFolder, ports: Ports) -> str:
    keys = data.secrets()
    scheme, _, address = objectstore.endpoint(ports).partition("://")
    return f"{scheme}://{keys.s3_access_key}:{keys.s3_secret_key}@{address}"


RECIPES = {
    "rabbitmq": Recipe(
        name="rabbitmq",
        executable=rabbitmq.executable,
        programs=_rabbitmq_programs,
        url=lambda data, ports: rabbitmq.url(ports, data.secrets().rabbitmq_password),
    ),
    "mongodb": Recipe(
        name="mongodb",
        executable=mongodb.executable,
        programs=_mongodb_programs,
        url=lambda data, ports: mongodb.url(ports),
    ),
    "s3": Recipe(name="s3", executable=objectstore.executable, programs=_s3_programs, url=_s3_url),
}
