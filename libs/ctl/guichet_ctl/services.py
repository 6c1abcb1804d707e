"""Asks the services: each by its own ``manage`` module, in a process of its own, in the environment of this one."""

import asyncio
import importlib.util
import os
import sys
from dataclasses import dataclass
from typing import Any

import orjson

SERVICES = ("chat", "requests", "contacts", "attachments", "mailer")


class CommandFailed(Exception):
    """A service refused or failed; the text is what it said. ``settings``: it was not told what it must be told."""

    def __init__(self, service: str, said: str, *, settings: bool = False) -> None:
        super().__init__(f"{service}: {said}")
        self.service, self.said, self.settings = service, said, settings


@dataclass(frozen=True, slots=True)
class Answer:
    """What one of several services answered, or how it failed."""

    service: str
    value: Any = None
    failure: CommandFailed | None = None


def installed() -> list[str]:
    """The services whose code is here: all of them, but in an image that was made for one."""
    return [service for service in SERVICES if importlib.util.find_spec(f"guichet_{service}") is not None]


async def ask(service: str, *arguments: str, stdin: bytes = b"") -> Any:
    """The service's answer to one of its commands. Raises `CommandFailed`."""
    if service not in installed():
        raise CommandFailed(service, "is not installed here; run this where it is")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"guichet_{service}.manage", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ,
    )
    output, errors = await process.communicate(stdin)
    if process.returncode:
        said = errors.decode(errors="replace").strip() or f"ended with status {process.returncode}"
        if "Traceback" in said:  # a fault of ours; its last line says which
            said = f"failed: {said.splitlines()[-1]}"
        raise CommandFailed(service, said, settings=process.returncode == 2)
    return orjson.loads(output)


async def ask_all(*arguments: str) -> list[Answer]:
    """The answer of every service that is installed here, all asked at once."""

    async def one(service: str) -> Answer:
        try:
            return Answer(service, await ask(service, *arguments))
        except CommandFailed as failure:
            return Answer(service, failure=failure)

    return list(await asyncio.gather(*(one(service) for service in installed())))
