"""The whole system for browser and service tests, by the same code as `make up`."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from guichet_local import services
from guichet_local.cluster import Cluster
from guichet_local.ports import Ports
from guichet_local.servers import mongodb, objectstore, rabbitmq
from guichet_local.settings import WORKSPACE, Settings
from guichet_local.system import System
from guichet_local.testing import folders
from guichet_local.testing.background import Background, Supervised
from guichet_local.testing.signing import Signing

# The tests sign in and open visitors far more often, from one address, than people do.
TEST_RATE = "6000r/m"


class NotBuiltError(Exception):
    """The web files that the gateway serves are not there."""


class Stack(Supervised):
    """Servers, two chat replicas, the other services and the gateway, with the demo's site and agents.

    `gateway` and `demo_site` are origins. The programs are `chat-1`, `chat-2`, `requests`, `contacts`,
    `attachments`, `mailer`, `demo-mail`, `gateway`, `rabbitmq`, `mongodb` and `objects`; `logs` has a file for each.
    `environment` is what the services are told beside what `make up` tells them: GUICHET_SMTP_URL, say. `ports` may be
    given where something else has to know them before, `system` where more of it runs than `make up` runs.
    """

    def __init__(
        self,
        background: Background,
        environment: Mapping[str, str] = MappingProxyType({}),
        ports: Ports | None = None,
        system: type[System] = System,
    ) -> None:
        for built in ("console", "widget", "form"):
            if not (WORKSPACE / "web" / built / "dist").is_dir():
                raise NotBuiltError(f"web/{built}/dist is missing: run `make web`")
        self.ports = ports = ports or Ports.free()
        self._system = system(
            Settings(
                data=folders.make("stack"),
                ports=ports,
                host="127.0.0.1",
                public_url=f"http://localhost:{ports['gateway']}",
                demo_url=f"http://localhost:{ports['demo-site']}",
                demo=True,
                cluster=issubclass(system, Cluster),
                passed_on={"GUICHET_SIGN_IN_ATTEMPTS": "1000", **environment},
                sign_in_rate=TEST_RATE,
                visitor_rate=TEST_RATE,
                form_rate=TEST_RATE,
            ),
            report=lambda line: None,
        )
        super().__init__(background, self._system.supervisor)
        self.gateway = self._system.settings.public_url
        self.demo_site = self._system.settings.demo_url
        self.logs = self._system.data.logs

    @property
    def mail_inbound(self) -> str:
        """The secret of `POST /api/v1/mail/inbound`."""
        return self._system.data.secrets().mail_inbound

    @property
    def signing(self) -> Signing:
        """The keys of all services of this system."""
        return Signing(self._system.data.keys)

    @property
    def service_environments(self) -> Mapping[str, Mapping[str, str]]:
        """What each service is told, by the name of its program."""
        return {one.name: one.environment for one in services.programs(self._system.data, self._system.settings)}

    @property
    def mongodb_url(self) -> str:
        """The database server of this system."""
        return mongodb.url(self._system.settings.ports)

    @property
    def rabbitmq_url(self) -> str:
        """The broker of this system."""
        return rabbitmq.url(self._system.settings.ports, self._system.data.secrets().rabbitmq_password)

    @property
    def s3(self) -> tuple[str, str, str]:
        """Endpoint, access key and secret key of this system's object store."""
        secrets = self._system.data.secrets()
        return objectstore.endpoint(self._system.settings.ports), secrets.s3_access_key, secrets.s3_secret_key

    def start_all(self) -> None:
        """Starts everything; returns when all is ready."""
        self._background.submit(self._system.start()).result()

    def halt(self) -> None:
        """Stops everything; its data stays for the next `start_all`."""
        self._background.submit(self._system.stop()).result()

    def stop_all(self) -> None:
        """Stops everything and removes its data."""
        self.halt()
        shutil.rmtree(self._system.data.root)

    async def restart_rabbitmq(self) -> None:
        """Stops the broker and starts it again; returns when it is ready."""
        await self.restart("rabbitmq")


class GivenStack:
    """A system that runs already, from its images say: for tests that only use it from outside.

    `gateway` and `demo_site` are origins; it has no programs to stop, and `logs` is an empty folder.
    """

    def __init__(self, gateway: str, demo_site: str) -> None:
        self.gateway, self.demo_site = gateway, demo_site
        self.logs = Path(tempfile.mkdtemp(prefix="guichet-given-stack-"))
