"""A backup, brought back into an installation that has nothing, is the same by hash."""

import asyncio
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from guichet_kit.manage.archive import Archive, names
from guichet_kit.objects import ObjectStore

from tests.ctl.conftest import SERVICES, Installation

# Whole installations are started, and each command is a process of its own.
pytestmark = pytest.mark.timeout(600)

COLLECTIONS = {
    "chat": "entries",
    "requests": "requests",
    "contacts": "contacts",
    "attachments": "attachments",
    "mailer": "received",
}
MANY = 1_203  # more than are read or written at a time


async def begin(installation: Installation) -> None:
    """What the services make when they start: indexes and buckets."""
    await installation.told("migrate")
    for kind in ("attachments", "mail"):
        bucket = installation.bucket(kind)
        await bucket.ensure_bucket()
        bucket.close()


async def fill(installation: Installation) -> None:
    """Documents with everything that BSON has a form for, and objects of several sizes."""
    await begin(installation)
    for service, name in COLLECTIONS.items():
        documents: list[dict[str, Any]] = [
            {"_id": f"{service}-{n:05}", "at": datetime(2026, 1, 1, tzinfo=UTC), "n": n, "text": "é" * (n % 7),
             "raw": bytes([n % 256]), "none": None, "nested": {"list": [1, 2.5, "x"]}, "conversation_id": str(n),
             "number": n, "seq": n, "client_id": str(n), "object": f"o{n}", "content": str(n), "email_keys": [f"{n}@x"]}
            for n in range(MANY)
        ]  # fmt: skip
        await installation.database(service)[name].insert_many(documents)
    for kind in ("attachments", "mail"):
        bucket = installation.bucket(kind)
        for n, size in enumerate((0, 1, 200_000)):
            await put(bucket, f"raw/{n}", bytes([n]) * size)
        bucket.close()


async def put(bucket: ObjectStore, name: str, data: bytes) -> None:
    await bucket.put(name, io.BytesIO(data), len(data), "text/plain")


async def state(installation: Installation) -> dict[str, Any]:
    """Hashes of all that an installation keeps."""
    told: dict[str, Any] = {}
    for service in SERVICES:
        archive = Archive(installation.environment["GUICHET_MONGODB_URL"], installation.database(service).name)
        for name in await archive.collections():
            told[f"{service}.{name}"] = await archive.fingerprint(name)
        await archive.close()
    for kind in ("attachments", "mail"):
        bucket = installation.bucket(kind)
        async for name in names(bucket):
            async with bucket.open(name) as chunks:
                data = b"".join([chunk async for chunk in chunks])
            told[f"{kind}/{name}"] = hashlib.sha256(data).hexdigest()
        bucket.close()
    return told


@dataclass(frozen=True)
class Kept:
    """A backup of a filled installation, what it told, and the hashes of what was there."""

    installation: Installation
    folder: Path
    told: dict[str, Any]
    before: dict[str, Any]

    def copy(self, folder: Path) -> Path:
        """The backup once more, to be damaged."""
        return Path(shutil.copytree(self.folder, folder))


@pytest.fixture(scope="module")
async def kept(module_installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """One backup for all tests that only read it."""
    await fill(module_installation)
    folder = tmp_path_factory.mktemp("backup") / "kept"
    before = await state(module_installation)
    return Kept(module_installation, folder, await module_installation.told("backup", str(folder)), before)


async def test_what_comes_back_is_what_was_there(kept: Kept, installation: Installation) -> None:
    assert {part["service"]: part["documents"] for part in kept.told["services"]} == dict.fromkeys(SERVICES, MANY)

    await installation.told("restore", str(kept.folder), "--yes")
    assert await state(installation) == kept.before
    assert (await installation.told("migrate"))[0]["indexes_made"] == []  # the restore has made them


async def test_what_is_written_meanwhile_is_in_all_databases_or_in_none(
    installation: Installation, tmp_path: Path
) -> None:  # fmt: skip
    """A message is written to chat, then to requests, and so on: no backup has a later one without the earlier."""
    await begin(installation)
    stop = asyncio.Event()

    async def write() -> int:
        n = 0
        while not stop.is_set():
            for service in SERVICES:
                name = COLLECTIONS[service]
                document = {"_id": n, "number": n, "conversation_id": str(n), "seq": n, "client_id": str(n)}
                others = {"content": str(n), "object": str(n), "email_keys": [n]}
                await installation.database(service)[name].insert_one(document | others)
            n += 1
        return n

    writing = asyncio.create_task(write())
    made = await installation.told("backup", str(tmp_path / "kept"))
    stop.set()
    written = await writing
    counts = [part["documents"] for part in made["services"]]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] - counts[-1] <= 1
    assert counts[0] < written


async def test_nothing_is_written_over(kept: Kept, installation: Installation) -> None:
    await installation.database("chat")["entries"].insert_one({"_id": "mine"})
    done = await installation.ctl("restore", str(kept.folder), "--yes")
    assert done.returncode == 1
    assert "is not empty" in done.stderr
    assert await installation.database("chat")["entries"].count_documents({}) == 1
    again = await kept.installation.ctl("backup", str(kept.folder))
    assert (again.returncode, "is not empty" in again.stderr) == (1, True)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("harm", [cut, flip, Path.unlink])
@pytest.mark.parametrize("what", ["chat/documents/entries.bson.gz", "mailer/objects/raw/2"])
async def test_a_damaged_backup_is_refused_before_anything_is_written(
    kept: Kept, installation: Installation, what: str, harm: Callable[[Path], None], tmp_path: Path
) -> None:
    harmed = kept.copy(tmp_path / "harmed")
    harm(harmed / what)
    done = await installation.ctl("restore", str(harmed), "--yes")
    assert done.returncode == 1
    assert "damaged" in done.stderr or "lacks" in done.stderr, done.stderr
    assert [await installation.database(service).list_collection_names() for service in SERVICES] == [[]] * 5


async def test_a_folder_that_is_no_whole_backup_is_refused(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    done = await installation.ctl("restore", str(tmp_path / "half"), "--yes")
    assert (done.returncode, "not a whole backup" in done.stderr) == (1, True)


async def test_an_object_name_that_leads_out_of_the_folder_is_refused(
    kept: Kept, installation: Installation, tmp_path: Path
) -> None:
    harmed = kept.copy(tmp_path / "harmed")
    manifest = harmed / "mailer" / "manifest.json"
    told = json.loads(manifest.read_text())
    told["objects"] = {"objects": 1, "bytes": 0, "sha256": {"../../../etc/hostname": "0" * 64}}
    manifest.write_text(json.dumps(told))
    done = await installation.ctl("restore", str(harmed), "--yes")
    assert (done.returncode, "leads out" in done.stderr) == (1, True)


async def test_a_bucket_that_is_not_there_is_no_empty_one(installation: Installation, tmp_path: Path) -> None:
    done = await installation.ctl("backup", str(tmp_path / "kept"))
    assert (done.returncode, "NoSuchBucket" in done.stderr) == (1, True)
    assert not (tmp_path / "kept" / "backup.json").exists()


async def test_a_backup_can_be_read_by_its_owner_only(kept: Kept) -> None:
    assert kept.folder.stat().st_mode & 0o077 == 0
