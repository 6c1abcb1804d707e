"""Commands for operators: ``python -m guichet_attachments.manage COMMAND``."""

import argparse
from pathlib import Path
from typing import Any

from guichet_kit.manage import Command, Finding, Managed, Opened, main
from guichet_kit.mongo import Database
from guichet_kit.objects import ObjectMissing, ObjectStore

from guichet_attachments.settings import Settings
from guichet_attachments.store import AttachmentStore
from guichet_attachments.virus import Clamd, ScannerUnavailable


async def _prepare(database: Database) -> None:
    await AttachmentStore(database).ensure_indexes()


def _bucket(settings: Settings) -> ObjectStore:
    return ObjectStore(
        settings.s3_endpoint, settings.s3_access_key, settings.s3_secret_key, settings.attachments_bucket
    )  # fmt: skip


async def _antivirus(opened: Opened) -> Finding:
    if opened.settings.clamd is None:
        advice = "Set GUICHET_CLAMD to ClamAV's daemon, if customers' files are to be scanned."
        return Finding("antivirus", "warning", "no scanner is set: files are not scanned", advice)
    try:
        await Clamd(opened.settings.clamd).ping()
    except ScannerUnavailable as error:
        advice = "Start clamd; until then every new file waits in the state `checking`. See the runbook Antivirus down."
        return Finding("antivirus", "failing", str(error), advice)
    return Finding("antivirus", "ok", "answers")


async def _export(opened: Opened, given: argparse.Namespace) -> Any:
    store, objects, written = AttachmentStore(opened.database), _bucket(opened.settings), []
    given.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        for file_id in given.ids:
            attachment = await store.get(file_id)
            if attachment is None:
                continue
            # The id makes the name one of its own; of the name only the last part, so that it leads nowhere else.
            target = given.folder / f"{file_id}-{Path(attachment.name).name}"
            try:
                async with objects.open(attachment.object) as chunks:
                    with target.open("wb") as out:
                        async for chunk in chunks:
                            out.write(chunk)
            except ObjectMissing:
                continue  # infected or removed: there are no bytes
            written.append({"id": file_id, "name": attachment.name, "file": target.name})
    finally:
        objects.close()
    return written


def _files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("ids", nargs="*")


ATTACHMENTS = Managed(
    service="attachments",
    settings=Settings,
    prepare=_prepare,
    outboxes=("attachments",),
    bucket=_bucket,
    checks=(_antivirus,),
    commands=(Command("export", "write the bytes of these files into a folder", _export, _files),),
)

if __name__ == "__main__":
    main(ATTACHMENTS)
