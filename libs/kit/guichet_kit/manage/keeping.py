"""Backup and restore of one service: its database and its bucket, in one folder with a manifest."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from guichet_kit.clock import now, to_wire
from guichet_kit.manage.archive import Archive, Copied, Part, copy_in, copy_out, verify_documents, verify_objects
from guichet_kit.manage.service import CommandRefused, Managed, Opened

_MANIFEST = "manifest.json"


@asynccontextmanager
async def _archive(managed: Managed, opened: Opened) -> AsyncIterator[Archive]:
    archive = Archive(opened.settings.mongodb_url, managed.database(opened.settings))
    try:
        yield archive
    finally:
        await archive.close()


async def clock(managed: Managed, opened: Opened) -> str:
    """The present moment of the database cluster's clock."""
    async with _archive(managed, opened) as archive:
        return await archive.clock()


async def back_up(managed: Managed, opened: Opened, folder: Path, at: str) -> Any:
    """Write the service's data as it was ``at`` that moment into ``folder``, which is made; what was written, counted.

    Raises `CommandRefused` where the folder has something in it, and `ArchiveError`.
    """
    documents, objects = folder / "documents", folder / "objects"
    _make(folder)
    documents.mkdir()
    async with _archive(managed, opened) as archive:
        parts = await archive.dump(documents, at)
    copied = None
    if managed.bucket is not None:  # after the documents: see `archive`
        objects.mkdir()
        store = managed.bucket(opened.settings)
        try:
            copied = await copy_out(store, objects)
        finally:
            store.close()
    manifest = {
        "format": 1,
        "service": managed.service,
        "at": at,
        "made_at": to_wire(now()),
        "collections": [asdict(part) for part in parts],
        "objects": asdict(copied) if copied else None,
    }
    (folder / _MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return _told(manifest)


async def verify(managed: Managed, folder: Path) -> Any:
    """Look whether a backup is whole, by hash; what it has, counted. Raises as `restore` does, and writes nothing."""
    manifest, parts, copied = _read(managed, folder)
    verify_documents(folder / "documents", parts)
    if copied is not None:
        verify_objects(folder / "objects", copied)
    return _told(manifest)


async def restore(managed: Managed, opened: Opened, folder: Path) -> Any:
    """Bring a backup back into an empty database and an empty bucket; what was written, counted.

    Raises `CommandRefused` where ``folder`` is no backup of this service, and `ArchiveError`.
    """
    await verify(managed, folder)
    manifest, parts, copied = _read(managed, folder)
    if copied is not None and managed.bucket is not None:  # the objects first: no document names what is not there
        store = managed.bucket(opened.settings)
        try:
            await copy_in(store, folder / "objects", copied)
        finally:
            store.close()
    async with _archive(managed, opened) as archive:
        await archive.load(folder / "documents", parts)
    await managed.prepare(opened.database)
    return _told(manifest)


def _read(managed: Managed, folder: Path) -> tuple[Mapping[str, Any], list[Part], Copied | None]:
    try:
        manifest = orjson.loads((folder / _MANIFEST).read_bytes())
        parts = [Part(**part) for part in manifest["collections"]]
        copied = Copied(**manifest["objects"]) if manifest["objects"] else None
        whose, layout = manifest["service"], manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandRefused(f"{folder} is not a whole backup: {error}") from None
    if (whose, layout) != (managed.service, 1):
        raise CommandRefused(f"{folder} is a backup of {whose} in format {layout}")
    return manifest, parts, copied


def _told(manifest: Mapping[str, Any]) -> Any:
    objects = manifest["objects"]
    return {
        "service": manifest["service"],
        "at": manifest["at"],
        "documents": sum(part["documents"] for part in manifest["collections"]),
        "objects": objects["objects"] if objects else 0,
        "bytes": objects["bytes"] if objects else 0,
    }


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise CommandRefused(f"{folder} is not empty: a backup gets a folder of its own")
