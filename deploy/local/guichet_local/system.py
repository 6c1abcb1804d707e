"""The whole system as one thing that starts and stops: servers, services, gateway."""

import json
import os
import sys
from asyncio import create_subprocess_exec, subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from guichet_local import demo, services
from guichet_local.data import DataFolder, write_private
from guichet_local.program import Program
from guichet_local.running import CLUSTER, MARK
from guichet_local.servers import gateway, mongodb, objectstore, rabbitmq
from guichet_local.settings import WORKSPACE, Settings
from guichet_local.supervisor import Report, Supervisor

# What a program may know of the environment it was started in, beside its own settings.
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


class System:
    """Servers, services and gateway under one supervisor, with one data folder."""

    def __init__(self, settings: Settings, report: Report) -> None:
        self.settings = settings
        root = DataFolder(settings.data).create()
        # Its servers' data are of another shape: a broker's node has another name, the database other members.
        self.data = DataFolder(root.root / CLUSTER).create() if settings.cluster else root
        self._environment = {**inherited_environment(), MARK: str(root.root)}
        self.supervisor = Supervisor(self.data.logs, self._environment, report)

    async def start(self) -> None:
        """Starts everything at the same time; returns when all is ready. Raises NotReadyError, SeedError."""
        await self.supervisor.start(self._ready_in_time())
        await self._seed()

    async def stop(self) -> None:
        """Stops everything that `start` started."""
        await self.supervisor.stop()

    async def play_demo_day_once(self) -> None:
        """Fills the demo with a day's requests, if that was not done before. Raises SeedError."""
        done = self.data.run / "demo-day-played"
        if self.settings.demo and not done.exists():
            settings = self.settings
            await demo.play_day(
                settings.public_url, settings.demo_url, self._environment, with_mail=settings.mail_is_the_demos
            )
            write_private(done, "")

    def _programs(self) -> list[Program]:
        data, settings = self.data, self.settings
        secrets = data.secrets()
        origins = ",".join((settings.public_url, settings.demo_url))
        return [
            *self._brokers(),
            *self._databases(),
            objectstore.program(data.of("objects"), settings.ports, secrets, allowed_origins=origins),
            *services.programs(data, settings),
            *([demo.mail_program(data.of("demo-mail"), settings.ports)] if settings.demo else []),
            gateway.program(data.of("gateway"), self._gateway(), settings.ports),
        ]

    def _ready_in_time(self) -> list[Program]:
        return [replace(program, ready_seconds=self.settings.start_seconds) for program in self._programs()]

    def _gateway(self) -> gateway.Gateway:
        settings = self.settings
        return gateway.Gateway(
            host=settings.host,
            templates=WORKSPACE / "deploy" / "gateway",
            console=WORKSPACE / "web" / "console" / "dist",
            public_url=settings.public_url,
            demo_site=WORKSPACE / "deploy" / "local" / "demo_site" if settings.demo else None,
            demo_url=settings.demo_url if settings.demo else "",
            sign_in_rate=settings.sign_in_rate,
            visitor_rate=settings.visitor_rate,
            form_rate=settings.form_rate,
            replicas=self._replicas(),
        )

    def _brokers(self) -> list[Program]:
        password = self.data.secrets().rabbitmq_password
        return rabbitmq.programs(self.data.of("rabbitmq"), self.settings.ports, password)

    def _databases(self) -> list[Program]:
        return [mongodb.program(self.data.of("mongodb"), self.settings.ports)]

    def _replicas(self) -> Mapping[str, Sequence[str]]:
        return gateway.REPLICAS

    async def first_administrator(self) -> Mapping[str, str] | None:
        """The first administrator's address and one-time link, while nobody has a password; none with the demo.

        Raises SeedError.
        """
        if self.settings.demo:
            return None
        host = urlsplit(self.settings.public_url).hostname
        address = self.settings.administrator or f"admin@{host}"
        command = await create_subprocess_exec(
            *(sys.executable, "-m", "guichet_requests.manage", "agents-first"),
            *("--email", address, "--name", "Administrator"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.service_environment(),
        )
        output, errors = await command.communicate()
        if command.returncode:
            raise demo.SeedError(f"no first administrator: {errors.decode(errors='replace').strip()}")
        told: Mapping[str, str] | None = json.loads(output)
        return told

    def service_environment(self) -> dict[str, str]:
        """What every service of this system is told, and the operator's commands with them."""
        return {**self._environment, **services.environment(self.data, self.settings)}

    async def _seed(self) -> None:
        done = self.data.run / "demo-seeded"
        if self.settings.demo and not done.exists():
            await demo.seed(self.service_environment())
            write_private(done, "")


def inherited_environment() -> Mapping[str, str]:
    """What every child takes over from the environment of this process."""
    return {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
