"""Servers in containers, where a container engine answers and has the image; nothing is ever pulled."""

import os
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

PASSWORD = "guichet-test"  # noqa: S105 - of a throw-away server on the loopback


@dataclass(frozen=True)
class Image:
    """How one kind of server runs in a container."""

    repository: str
    port: int
    url: str
    log_when_ready: str
    command: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    then: tuple[str, ...] = ()


IMAGES = {
    "rabbitmq": Image(
        repository="rabbitmq",
        port=5672,
        url=f"amqp://guichet:{PASSWORD}@{{address}}/",
        log_when_ready="Server startup complete",
        environment={"RABBITMQ_DEFAULT_USER": "guichet", "RABBITMQ_DEFAULT_PASS": PASSWORD},
    ),
    "mongodb": Image(
        repository="mongo",
        port=27017,
        url="mongodb://{address}/?directConnection=true",
        log_when_ready="Waiting for connections",
        command="mongod --replSet rs0 --bind_ip_all",
        then=("mongosh", "--quiet", "--eval", "rs.initiate(); while (!db.hello().isWritablePrimary) sleep(50)"),
    ),
    "s3": Image(
        repository="chrislusf/seaweedfs",
        port=8333,
        url=f"http://guichet:{PASSWORD}@{{address}}",
        log_when_ready="to stop all components",
        command="mini -dir=/data -ip.bind=0.0.0.0 -master.telemetry=false -admin.ui=false -webdav=false",
        environment={"AWS_ACCESS_KEY_ID": "guichet", "AWS_SECRET_ACCESS_KEY": PASSWORD},
    ),
}


class Container:
    """A server in a container that lives as long as the test run."""

    def __init__(self, image: Image, tag: str) -> None:
        self.description = f"container ({tag})"
        self._image = image
        self._tag = tag
        self._starter = ThreadPoolExecutor(1)
        self._started: Future[DockerContainer] | None = None

    def begin(self) -> None:
        if self._started is None:
            self._started = self._starter.submit(self._start)

    def url(self) -> str:
        self.begin()
        assert self._started is not None  # noqa: S101 - begin has just made it
        container = self._started.result()
        address = f"{container.get_container_host_ip()}:{container.get_exposed_port(self._image.port)}"
        return self._image.url.format(address=address)

    def stop(self) -> None:
        if self._started is not None:
            self._started.result().stop()
        self._starter.shutdown()

    def _start(self) -> "DockerContainer":
        from testcontainers.core.container import DockerContainer
        from testcontainers.core.wait_strategies import LogMessageWaitStrategy

        container = DockerContainer(self._tag).with_exposed_ports(self._image.port)
        for name, value in self._image.environment.items():
            container.with_env(name, value)
        if self._image.command:
            container.with_command(self._image.command)
        container.waiting_for(LogMessageWaitStrategy(self._image.log_when_ready)).start()
        if self._image.then:
            code, output = container.exec(list(self._image.then))
            if code:
                raise RuntimeError(f"{self._tag}: {output.decode(errors='replace')}")
        return container


def find(kind: str) -> Container | None:
    """A container of this kind of server, if an engine answers and has an image of it."""
    if not _engine_answers():
        return None
    import docker  # type: ignore[import-untyped]

    client: Any = docker.from_env()
    try:
        tags = [tag for image in client.images.list(IMAGES[kind].repository) for tag in image.tags]
    finally:
        client.close()
    return Container(IMAGES[kind], sorted(tags)[-1]) if tags else None


def _engine_answers() -> bool:
    address = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    try:
        if address.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as engine:
                engine.connect(str(Path(address.path)))
        else:
            socket.create_connection((address.hostname or "", address.port or 2375), timeout=1).close()
    except OSError:
        return False
    return True
