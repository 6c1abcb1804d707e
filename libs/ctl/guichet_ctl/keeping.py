"""Backup and restore of everything that the services keep."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from guichet_ctl.screen import Json, Yes, answer, ask_before, fail, table
from guichet_ctl.services import SERVICES, ask, installed

_CONTENTS = "backup.json"
_COLUMNS = ("service", "documents", "objects", "bytes")


def backup(
    folder: Annotated[Path, typer.Argument(help="Where to: a new folder, which only its owner can read.")],
    json: Json = False,
) -> None:
    """Write all data as it was at one moment, while everything runs; the objects with it."""
    _need_all()
    if folder.exists() and any(folder.iterdir()):
        fail(f"{folder} is not empty: a backup gets a folder of its own")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = asyncio.run(_back_up(folder.absolute()))
    # Written last: a folder without it is no whole backup.
    (folder / _CONTENTS).write_bytes(orjson.dumps(made, option=orjson.OPT_INDENT_2))
    text = f"{table(made['services'], *_COLUMNS)}\n\nin {folder}, as of {made['at']} on the database's clock"
    answer(made, json, f"{text}\nThe signing key and the settings are not in it: keep them apart.")


async def _back_up(folder: Path) -> dict[str, Any]:
    # One moment for all databases: that of the first one, as all are in one cluster.
    at = (await ask(SERVICES[0], "clock"))["at"]
    parts = [await ask(service, "backup", "--folder", str(folder / service), "--at", at) for service in SERVICES]
    return {"format": 1, "at": at, "made_at": datetime.now(UTC).isoformat(timespec="seconds"), "services": parts}


def restore(
    folder: Annotated[Path, typer.Argument(help="What `backup` wrote.", exists=True, file_okay=False)],
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Write a backup into empty databases and buckets, and compare it by hash. The services must not run."""
    _need_all()
    try:
        kept = orjson.loads((folder / _CONTENTS).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        fail(f"{folder} is not a whole backup: it has no {_CONTENTS}")
    ask_before(f"The backup of {kept['made_at']} is written into empty databases. Do the services stand still?", yes)
    parts = asyncio.run(_restore(folder.absolute()))
    text = f"{table(parts, *_COLUMNS)}\n\nwritten, and the same by hash; start the services now"
    answer({"at": kept["at"], "services": parts}, json, text)


async def _restore(folder: Path) -> list[Any]:
    for service in SERVICES:  # nothing is written before all of it has proved to be whole
        await ask(service, "verify", "--folder", str(folder / service))
    return [await ask(service, "restore", "--folder", str(folder / service)) for service in SERVICES]


def _need_all() -> None:
    absent = [service for service in SERVICES if service not in installed()]
    if absent:
        fail(f"not installed here: {', '.join(absent)}; a backup is of all services")
