"""Commands for operators: ``python -m guichet_mailer.manage COMMAND``."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from guichet_kit.clock import now, to_wire
from guichet_kit.manage import Command, CommandRefused, Finding, Managed, Opened, main
from guichet_kit.mongo import Database
from guichet_kit.objects import ObjectMissing, ObjectStore

from guichet_mailer.inbound.received import Received, State
from guichet_mailer.inbound.retention import rules
from guichet_mailer.inbound.store import ReceivedStore
from guichet_mailer.inbound.whole import whole
from guichet_mailer.outbound.store import DeliveryStore
from guichet_mailer.settings import Settings
from guichet_mailer.threads import ThreadStore

_PAGE = 200


async def _prepare(database: Database) -> None:
    for store in (ReceivedStore(database), DeliveryStore(database), ThreadStore(database)):
        await store.ensure_indexes()


def _bucket(settings: Settings) -> ObjectStore:
    secret = settings.s3_secret_key.get_secret_value()
    return ObjectStore(settings.s3_endpoint, settings.s3_access_key, secret, settings.mail_bucket, settings.s3_region)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[ObjectStore]:
    objects = _bucket(settings)
    try:
        yield objects
    finally:
        objects.close()


async def _mailboxes(opened: Opened) -> Finding:
    settings: Settings = opened.settings
    if not settings.mailboxes:
        advice = "Set GUICHET_MAILBOXES, if customers are to write by e-mail."
        return Finding("mailboxes", "warning", "none is set: no mail comes in or goes out", advice)
    mute = [one.id for one in settings.mailboxes if one.smtp_url is None and settings.smtp_url is None]
    if mute:
        advice = "Give each an smtp_url, or set GUICHET_SMTP_URL for all: what agents write there cannot leave."
        return Finding("mailboxes", "failing", f"no server to send by: {', '.join(mute)}", advice)
    return Finding("mailboxes", "ok", ", ".join(one.address for one in settings.mailboxes))


async def _quarantine(opened: Opened) -> Finding:
    held = await ReceivedStore(opened.database).quarantine(_PAGE, None)
    if held:
        many = f"{len(held)}{' or more' if len(held) == _PAGE else ''} mails"
        return Finding(
            "quarantine", "warning", many, "`guichetctl quarantine list`; see the runbook Mail in quarantine."
        )
    return Finding("quarantine", "ok", "empty")


async def _list(opened: Opened, given: argparse.Namespace) -> Any:
    held = await ReceivedStore(opened.database).quarantine(given.limit, None)
    return [_shown(mail) for mail in held]


async def _replay(opened: Opened, given: argparse.Namespace) -> Any:
    store = ReceivedStore(opened.database)
    if not await store.replay(given.id, now()):
        raise CommandRefused(await _why_not(store, given.id))
    return {"replayed": given.id}


async def _drop(opened: Opened, given: argparse.Namespace) -> Any:
    store = ReceivedStore(opened.database)
    mail = await store.get(given.id)
    if mail is None or mail.state is not State.QUARANTINED:
        raise CommandRefused(await _why_not(store, given.id))
    objects = _bucket(opened.settings)
    try:
        for one in await store.erase(mail.id):
            await objects.remove(str(one.object))
            await store.without_bytes(one)
    finally:
        objects.close()
    return {"dropped": mail.id}


async def _export(opened: Opened, given: argparse.Namespace) -> Any:
    received, deliveries = ReceivedStore(opened.database), DeliveryStore(opened.database)
    async with _opened(opened.settings) as objects:
        told = await whole(received, deliveries, objects, given.email, given.item, given.address)
        for folder in ("mails", "quarantine"):
            (given.folder / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            for one in told[folder]:
                mail = await received.get(one["id"])
                if mail is not None and mail.object is not None:
                    with suppress(ObjectMissing):
                        await _write(objects, mail.object, given.folder / folder / f"{mail.id}.eml")
    return told


async def _write(objects: ObjectStore, name: str, target: Path) -> None:
    async with objects.open(name) as chunks:
        with target.open("wb") as out:
            async for chunk in chunks:
                out.write(chunk)


def _whose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--email", action="append", default=[], help="a received mail's id; may be given several times")
    parser.add_argument("--item", action="append", default=[], help="a sent mail's id; likewise")
    parser.add_argument("--address", action="append", default=[], help="of those in quarantine; likewise")


async def _why_not(store: ReceivedStore, mail_id: str) -> str:
    mail = await store.get(mail_id)
    if mail is None:
        return f"there is no mail {mail_id}"
    if mail.state is State.QUARANTINED:
        return f"the mail {mail_id} stayed outside ({mail.reason}): there is nothing of it to replay"
    return f"the mail {mail_id} is not in quarantine, but {mail.state}"


def _shown(mail: Received) -> dict[str, Any]:
    return {
        "id": mail.id,
        "reason": mail.reason,
        "detail": mail.detail,
        "sender": mail.sender,
        "subject": mail.subject,
        "size": mail.size,
        "received_at": to_wire(mail.received_at),
    }


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id")


def _how_many(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=50, choices=range(1, _PAGE + 1), metavar=f"1–{_PAGE}")


MAILER = Managed(
    service="mailer",
    settings=Settings,
    prepare=_prepare,
    outboxes=("received", "deliveries"),
    bucket=_bucket,
    checks=(_mailboxes, _quarantine),
    retention=lambda opened: rules(opened.settings, ReceivedStore(opened.database), partial(_opened, opened.settings)),
    commands=(
        Command("quarantine-list", "list mails that could not be taken in, the newest first", _list, _how_many),
        Command("quarantine-replay", "send one through it all again", _replay, _which),
        Command("export", "write a person's mails as they came into a folder, and tell of them", _export, _whose),
        Command("quarantine-drop", "forget one for good, and its bytes", _drop, _which),
    ),
)

if __name__ == "__main__":
    main(MAILER)
