"""Finds what the machine must have, and installs what is missing where it may."""

import ctypes.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from guichet_local.servers import dovecot, gateway, mongodb, objectstore, postfix, rabbitmq
from guichet_local.supervisor import Report

POLICY = Path("/usr/sbin/policy-rc.d")
FORBID_STARTS = "#!/bin/sh\nexit 101\n"


class MissingError(Exception):
    """Something is missing that cannot be installed from here; the text says how to get it."""


@dataclass(frozen=True)
class Need:
    """One thing from the system, and the Debian packages that bring it, with spaces between."""

    what: str
    packages: str
    is_there: Callable[[], bool]


def _on_path(*names: str) -> bool:
    return any(shutil.which(name) for name in names)


SERVERS = (
    Need("RabbitMQ", "rabbitmq-server", lambda: rabbitmq.executable() is not None and _on_path("epmd")),
    Need("nginx", "nginx-light", lambda: gateway.executable() is not None),
    Need("libmagic", "libmagic1", lambda: ctypes.util.find_library("magic") is not None),
    Need("libcurl, which mongod loads", "libcurl4", lambda: ctypes.util.find_library("curl") is not None),
)
TESTS = (
    Need("Chromium", "chromium", lambda: _on_path("chromium")),
    Need("Postfix", "postfix", lambda: postfix.executable() is not None),
    Need("Dovecot", "dovecot-imapd dovecot-lmtpd", lambda: dovecot.executable() is not None),
    Need("ClamAV", "clamav-daemon", lambda: Path("/usr/sbin/clamd").exists()),
)


def install(needs: Iterable[Need], report: Report) -> None:
    """Installs what is missing with apt-get. Raises MissingError when that is not possible."""
    _refuse_missing_wheels()
    missing = [need for need in needs if not need.is_there()]
    if not missing:
        return
    packages = [package for need in missing for package in need.packages.split()]
    names = ", ".join(need.what for need in missing)
    command = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if shutil.which("apt-get") is None:
        raise MissingError(f"{names} missing: install it with your system's package manager (Debian: {command})")
    if os.geteuid() != 0:
        raise MissingError(f"{names} missing: run `sudo {command}`, then again")
    report(f"installing {names}")
    _apt_get(packages)
    if still := [need.what for need in missing if not need.is_there()]:
        raise MissingError(f"{', '.join(still)} still missing after `{command}`")


def _refuse_missing_wheels() -> None:
    for what, found in (("mongod", mongodb.executable()), ("weed", objectstore.executable())):
        if found is None:
            raise MissingError(f"{what} missing: it comes with requirements.lock; run `make clean` and then again")


def _apt_get(packages: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    with ExitStack() as undo:
        if not POLICY.exists():
            # The system's own instances of these servers are not wanted: ours are private.
            POLICY.write_text(FORBID_STARTS)
            undo.callback(POLICY.unlink)
            POLICY.chmod(0o755)
        for command in (["apt-get", "update", "-q"], install):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                last = (done.stderr or done.stdout).strip().splitlines()[-1:]
                raise MissingError(f"`{' '.join(command)}` failed: {''.join(last)}")
