"""nginx: the gateway, and the demo customer's site beside it."""

import os
import pwd
import re
import resource
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from guichet_local.data import private_folder, write_private
from guichet_local.ports import Ports
from guichet_local.program import Program, answers

# One that is down refuses at once, and nginx asks the next: leaving it out would save nothing. It would cost: nginx
# takes a replica back when a request to it has ended well, and a socket does not end. Two that die one after the other,
# each given a socket first, would be asked once in `fail_timeout`, and all else be told that nobody is there.
NEVER_LEFT_OUT = "max_fails=0"
VARIABLE = re.compile(r"\$\{(GUICHET_[A-Z_]+)\}")
SOCKETS = 12_000
"""Sockets that one address may have open: above what the benchmark opens, all from one."""
FILES = 32_768
"""Files, and so connections, that one worker of nginx may have open where the system lets it: a socket is two."""
REPLICAS: Mapping[str, Sequence[str]] = MappingProxyType(
    {"chat": ("chat-1", "chat-2")} | {name: (name,) for name in ("requests", "contacts", "attachments", "mailer")}
)
"""The programs behind each service's name."""


@dataclass(frozen=True)
class Gateway:
    """What the gateway serves; `demo_site` is the folder of the demo's pages where the demo is on."""

    host: str
    templates: Path
    console: Path
    public_url: str
    demo_site: Path | None = None
    demo_url: str = ""
    sign_in_rate: str = "120r/m"
    visitor_rate: str = "120r/m"
    form_rate: str = "10r/m"
    sockets: int = SOCKETS
    replicas: Mapping[str, Sequence[str]] = field(default_factory=lambda: REPLICAS)


def executable() -> Path | None:
    """The nginx of the system; Debian keeps it where only root looks."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def program(folder: Path, gateway: Gateway, ports: Ports) -> Program:
    """The gateway; it is ready when it answers, whether or not the services do."""

    def prepare() -> None:
        write_configuration(folder, gateway, ports)

    return Program(
        name="gateway",
        command=[str(executable()), "-e", "stderr", "-c", str(folder / "nginx.conf")],
        ready=answers(ports["gateway"], "/healthz"),
        folder=folder,
        prepare=prepare,
        stop_seconds=5,
        layer=3,
    )


def write_configuration(folder: Path, gateway: Gateway, ports: Ports) -> Path:
    """Writes nginx.conf and, for the demo, its site; returns the file."""
    variables = _variables(folder, gateway, ports)
    sites = private_folder(folder / "sites")
    for site in sites.glob("*.conf"):
        site.unlink()
    if gateway.demo_site is not None:
        template = (gateway.templates / "demo_site.conf.template").read_text()
        write_private(sites / "demo.conf", render(template, variables))
    file = folder / "nginx.conf"
    write_private(file, render((gateway.templates / "nginx.conf.template").read_text(), variables))
    return file


def render(template: str, variables: Mapping[str, str]) -> str:
    """Replaces `${GUICHET_…}` and leaves nginx's own variables. Raises KeyError for one that is not given."""
    return VARIABLE.sub(lambda found: variables[found[1]], template)


def _variables(folder: Path, gateway: Gateway, ports: Ports) -> dict[str, str]:
    def servers(*names: str) -> str:
        return " ".join(f"server 127.0.0.1:{ports[name]} {NEVER_LEFT_OUT};" for name in names)

    # Its workers read the console's files, which may lie where only their owner looks.
    user = f"user {pwd.getpwuid(os.geteuid()).pw_name};" if os.geteuid() == 0 else ""
    return {
        "GUICHET_GATEWAY_LISTEN": f"{gateway.host}:{ports['gateway']}",
        "GUICHET_GATEWAY_TLS": "",
        "GUICHET_GATEWAY_TRUSTED_PROXIES": "",
        "GUICHET_GATEWAY_WORKERS": "auto",
        "GUICHET_GATEWAY_FILES": str(_files()),
        "GUICHET_GATEWAY_USER": user,
        "GUICHET_GATEWAY_RUN": str(folder),
        "GUICHET_GATEWAY_ACCESS_LOG": "/dev/stdout",
        "GUICHET_GATEWAY_CONSOLE": str(gateway.console),
        **{f"GUICHET_GATEWAY_{name.upper()}_SERVERS": servers(*those) for name, those in gateway.replicas.items()},
        "GUICHET_GATEWAY_SIGN_IN_RATE": gateway.sign_in_rate,
        "GUICHET_GATEWAY_VISITOR_RATE": gateway.visitor_rate,
        "GUICHET_GATEWAY_FORM_RATE": gateway.form_rate,
        "GUICHET_GATEWAY_SOCKETS": str(gateway.sockets),
        "GUICHET_GATEWAY_DEMO_URL": gateway.demo_url,
        "GUICHET_GATEWAY_DEMO_LISTEN": f"{gateway.host}:{ports['demo-site']}",
        "GUICHET_GATEWAY_DEMO_MAIL": f"127.0.0.1:{ports['demo-mail']}",
        "GUICHET_GATEWAY_DEMO_SITE": str(gateway.demo_site or ""),
        "GUICHET_PUBLIC_URL": gateway.public_url,
    }


def _files() -> int:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return FILES if most == resource.RLIM_INFINITY else min(FILES, most)
