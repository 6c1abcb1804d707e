"""Commands for operators: ``python -m guichet_attachments.manage COMMAND``."""

from guichet_kit.manage import Finding, Managed, Opened, main
from guichet_kit.mongo import Database
from guichet_kit.objects import ObjectStore

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


ATTACHMENTS = Managed(
    service="attachments",
    settings=Settings,
    prepare=_prepare,
    outboxes=("attachments",),
    bucket=_bucket,
    checks=(_antivirus,),
)

if __name__ == "__main__":
    main(ATTACHMENTS)
