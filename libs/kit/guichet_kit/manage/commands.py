"""The command line of a service's ``manage`` module, and the commands that all services have."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import structlog

from guichet_kit.manage import keeping
from guichet_kit.manage.archive import ArchiveError
from guichet_kit.manage.checks import findings, waiting
from guichet_kit.manage.described import described
from guichet_kit.manage.indexes import missing_indexes
from guichet_kit.manage.service import Command, CommandRefused, Managed, Opened
from guichet_kit.mongo import OUTAGES, open_client
from guichet_kit.objects import StoreUnavailable
from guichet_kit.retention import carry_out
from guichet_kit.settings import load_settings

_AWAY: tuple[type[Exception], ...] = (*OUTAGES, StoreUnavailable, TimeoutError)


def main(managed: Managed, arguments: Sequence[str] | None = None) -> None:
    """Read the command line, do it, write the answer."""
    parser = argparse.ArgumentParser(prog=f"python -m guichet_{managed.service}.manage")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    known = {command.name: command for command in (*_common(managed), *managed.commands)}
    for command in known.values():
        command.arguments(commands.add_parser(command.name, help=command.help))
    given = parser.parse_args(arguments)
    if given.command == "settings":  # needs none
        _write(described(managed.settings))
        return
    os.environ.setdefault("GUICHET_HTTP_PORT", "1")  # a command serves nothing
    command = known[given.command]
    settings = load_settings(command.settings or managed.settings)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # standard output is the answer's
    try:
        answer = asyncio.run(_run(managed, settings, command, given))
    except (CommandRefused, ArchiveError) as refusal:
        raise SystemExit(str(refusal)) from None
    except _AWAY as error:
        raise SystemExit(f"a server does not answer: {str(error)[:300] or type(error).__name__}") from None
    _write(answer)


def _write(answer: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))


async def _run(managed: Managed, settings: Any, command: Command, given: argparse.Namespace) -> Any:
    mongo = open_client(settings.mongodb_url, settings.mongo_driver, f"guichet-{managed.service}-manage")
    try:
        return await command.run(Opened(settings, mongo, mongo.database(managed.database(settings))), given)
    finally:
        await mongo.close()


def _common(managed: Managed) -> list[Command]:
    def where(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--folder", required=True, type=Path)

    def where_and_when(parser: argparse.ArgumentParser) -> None:
        where(parser)
        parser.add_argument("--at", required=True, help="moment of the cluster's clock, as `clock` tells it")

    async def check(opened: Opened, _given: argparse.Namespace) -> Any:
        return [asdict(finding) for finding in await findings(managed, opened)]

    async def migrate(opened: Opened, _given: argparse.Namespace) -> Any:
        missing = await missing_indexes(managed, opened.database)
        await managed.prepare(opened.database)
        return {"database": opened.database.name, "indexes_made": missing}

    async def outbox(opened: Opened, _given: argparse.Namespace) -> Any:
        return await waiting(opened.database, managed.outboxes, managed.untold)

    async def clock(opened: Opened, _given: argparse.Namespace) -> Any:
        return {"at": await keeping.clock(managed, opened)}

    async def backup(opened: Opened, given: argparse.Namespace) -> Any:
        return await keeping.back_up(managed, opened, given.folder, given.at)

    async def verify(_opened: Opened, given: argparse.Namespace) -> Any:
        return await keeping.verify(managed, given.folder)

    async def restore(opened: Opened, given: argparse.Namespace) -> Any:
        return await keeping.restore(managed, opened, given.folder)

    def only_look(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only tell how many are due, and the oldest")

    async def retention(opened: Opened, given: argparse.Namespace) -> Any:
        return await carry_out(managed.retention(opened), dry=given.dry_run)

    async def nothing(_opened: Opened, _given: argparse.Namespace) -> Any:
        return None

    return [
        Command("settings", "list every setting of the service", nothing),
        Command("check", "look whether the service has what it needs", check),
        Command("migrate", "make the indexes, and change the data to the present form; may be repeated", migrate),
        Command("outbox", "tell which events wait to be published, and since when", outbox),
        Command("clock", "tell the present moment of the database cluster's clock", clock),
        Command("backup", "write the database as it was at a moment, and the objects, into a folder", backup,
                where_and_when),
        Command("retention", "let go of what is older than the settings say", retention, only_look),
        Command("verify", "look whether a backup is whole, by hash", verify, where),
        Command("restore", "write a backup into an empty database and bucket, and compare", restore, where),
    ]  # fmt: skip
