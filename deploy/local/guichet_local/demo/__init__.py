"""The demo's agents, made once as all agents are; its customers' mail; and its day."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from guichet_local.ports import Ports
from guichet_local.program import Program, answers

PASSWORD = "guichet-demo"  # noqa: S105 - printed by `make up`, and only while GUICHET_DEMO=1


@dataclass(frozen=True)
class Account:
    """An agent of the demo."""

    email: str
    name: str
    role: str


ACCOUNTS = (
    Account("caro@example.com", "Caro Agent", "agent"),
    Account("alex@example.com", "Alex Martin", "agent"),
    Account("admin@example.com", "Admin Guichet", "admin"),
)


class SeedError(Exception):
    """An account could not be made; the text is what was said of it."""


def mail_program(folder: Path, ports: Ports) -> Program:
    """The mail server of the demo's customers."""
    numbers = [str(ports[name]) for name in ("demo-smtp", "demo-mail", "smtp")]
    return Program(
        name="demo-mail",
        command=[sys.executable, "-m", "guichet_local.demo.mail", str(folder), *numbers],
        ready=answers(ports["demo-mail"], "/readyz"),
        folder=folder,
    )


async def seed(environment: Mapping[str, str]) -> None:
    """Makes the accounts, or leaves them as they are; `environment` is that of the requests service."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "guichet_local.demo.accounts"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(environment),
    )
    output, _ = await command.communicate()
    if command.returncode:
        raise SeedError(f"the demo's agents: {output.decode(errors='replace').strip()[-300:]}")


async def play_day(origin: str, demo_site: str, environment: Mapping[str, str], *, with_mail: bool) -> None:
    """Lets customers and agents fill the system at ``origin`` with a day's requests, in a process of its own."""
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "guichet_local.demo.play", origin, demo_site),
        *(() if with_mail else ("--without-mail",)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
    )
    try:
        _, errors = await command.communicate()
    except asyncio.CancelledError:
        command.kill()
        await command.wait()
        raise
    if command.returncode:
        raise SeedError(f"the demo's day is not whole: {errors.decode(errors='replace').strip()[-300:]}")
