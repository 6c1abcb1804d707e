"""What `make up` can be told, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from guichet_local.ports import Ports, PortSettingError

WORKSPACE = Path(__file__).resolve().parents[3]


class SettingError(PortSettingError):
    """A setting is not usable; the text names it."""


@dataclass(frozen=True)
class Settings:
    """How one run of the whole system is set up.

    `start_seconds` is how long each program may take until it is ready; `administrator` is the address of the first
    one, who is made where there is no demo. `cluster` is whether there are three nodes of RabbitMQ, three members of
    MongoDB and two replicas of every service. `passed_on` are the GUICHET_ variables of the environment, handed to the
    services with what they need added.
    """

    data: Path
    ports: Ports
    host: str
    public_url: str
    demo_url: str
    demo: bool
    passed_on: Mapping[str, str]
    start_seconds: float = 300.0
    administrator: str = ""
    cluster: bool = False
    sign_in_rate: str = "120r/m"
    visitor_rate: str = "120r/m"
    form_rate: str = "10r/m"

    @property
    def mail_is_the_demos(self) -> bool:
        """Whether the desk's mail goes to the demo's customers only; no imaginary day is mailed to anybody else."""
        return self.demo and not {"GUICHET_MAILBOXES", "GUICHET_SMTP_URL"} & self.passed_on.keys()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Reads the settings. Raises PortSettingError, whose text names the bad one."""
        ports = Ports.from_environment(environment)
        return cls(
            data=Path(environment.get("GUICHET_DATA") or WORKSPACE / ".data").absolute(),
            ports=ports,
            host=environment.get("GUICHET_HOST") or "127.0.0.1",
            public_url=(environment.get("GUICHET_PUBLIC_URL") or f"http://localhost:{ports['gateway']}").rstrip("/"),
            demo_url=(environment.get("GUICHET_DEMO_URL") or f"http://localhost:{ports['demo-site']}").rstrip("/"),
            demo=(environment.get("GUICHET_DEMO") or "1") == "1",
            start_seconds=_seconds(environment, "GUICHET_START_SECONDS", 300),
            administrator=environment.get("GUICHET_ADMIN_EMAIL") or "",
            passed_on={name: value for name, value in environment.items() if name.startswith("GUICHET_")},
        )


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise SettingError(f"{name}={text} is not a number of seconds above 0")
    return value
