"""What can be done with files. State and events are saved together; the bytes follow the documents."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import BinaryIO

from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.objects import ObjectMissing, ObjectStore
from guichet_kit.outbox import Relay, pending
from guichet_kit.tokens import Tokens
from prometheus_client import Counter

from guichet_attachments import events
from guichet_attachments.attachment import (
    Attachment,
    Person,
    Refusal,
    ScopeForbidden,
    State,
    check_scope,
    preview_of,
)
from guichet_attachments.examine import Examiner
from guichet_attachments.judgement import described, infection, reason_to_refuse
from guichet_attachments.store import AttachmentStore
from guichet_attachments.upload import Upload
from guichet_attachments.virus import Scanner, ScannerUnavailable, Verdict

CHECK_LEASE = timedelta(seconds=90)
PREVIEW_TYPE = "image/webp"
LOST = "The file is not in the store any more."
_CHUNK = 64 << 10
_LOOK_AGAIN_SECONDS = 0.1
_UNSETTLED_SECONDS = 20.0
_LINK_SECONDS = 2.0

outcomes = Counter("guichet_attachments_outcomes_total", "Files by how their checks ended", ["outcome"])

log = get_logger(__name__)


class Absent(Exception):
    """There is no such file, or it is not for this person to know."""


class IdTaken(Exception):
    """Another person's file has this id."""


class NotReady(Exception):
    """The file is still being received or checked."""


@dataclass(frozen=True)
class Lifetimes:
    """How long things last. ``retention`` is of a file that a message names; None keeps it for good."""

    receipt: timedelta
    orphan: timedelta
    receiving: timedelta
    retention: timedelta | None


@dataclass(frozen=True)
class Parts:
    """What the use cases work with."""

    store: AttachmentStore
    objects: ObjectStore
    relay: Relay
    examiner: Examiner
    scanner: Scanner
    receipts: Tokens
    lifetimes: Lifetimes


async def receive_file(parts: Parts, upload: Upload, owner: Person, scope: str, file_id: str) -> Attachment:
    """Take a file in: ready, rejected, or in ``checking`` where the virus scanner does not answer now.

    A repeat with the same ``file_id`` yields what became of the first.

    Raises:
        ScopeMalformed, ScopeForbidden: the scope is not one of the owner's.
        IdTaken: the id is another person's.
        ExaminationInterrupted, StoreUnavailable: the file could not be looked into, or not be stored; the sweep
            tidies up, and the same call may succeed later.
    """
    moment = now()
    attachment = Attachment(
        id=file_id,
        state=State.RECEIVING,
        name=upload.name,
        size=upload.size,
        sha256=upload.sha256,
        scope=check_scope(scope, owner),
        owner=owner,
        object=f"{file_id}.{new_id()}",
        created_at=moment,
        touched_at=moment,
    )
    if await parts.store.begin(attachment):
        await _check_and_store(parts, attachment, upload.file)
    return await _outcome(parts, file_id, owner)


async def _check_and_store(parts: Parts, attachment: Attachment, file: BinaryIO) -> None:
    with tempfile.TemporaryFile() as preview:
        finding, verdict = await asyncio.gather(parts.examiner.examine(file, preview), _scan(parts.scanner, file))
        known = described(attachment, finding)
        if reason := reason_to_refuse(known, finding, verdict):
            await refuse(parts, known, *reason)
            return
        await _put(parts, known.object, file, finding.media_type)
        if known.has_preview:
            await _put(parts, preview_of(known.object), preview, PREVIEW_TYPE)
    checking = known.moved(State.CHECKING, now())
    wait = CHECK_LEASE if verdict else timedelta(0)
    if await settle(parts, known, checking, check_again=wait) and verdict:
        await _release(parts, checking)


async def check_waiting_files(parts: Parts) -> None:
    """Scan the files whose check is due: those that met no scanner, and those whose process died."""
    while attachment := await parts.store.claim_check(now(), CHECK_LEASE):
        try:
            async with parts.objects.open(attachment.object) as chunks:
                verdict = await parts.scanner.scan(chunks)
        except ScannerUnavailable as error:
            log.warning("scanner_unavailable", attachment_id=attachment.id, error=str(error))
            await parts.store.postpone_check(attachment, now())
            return
        except ObjectMissing:
            await refuse(parts, attachment, "lost", LOST)
            continue
        if verdict.virus:
            await refuse(parts, attachment, "infected", infection(verdict.virus))
        else:
            await _release(parts, attachment)


async def file_to_read(parts: Parts, file_id: str, person: Person) -> Attachment:
    """The file, where ``person`` may read it.

    A message is often seen a moment before its event has come here, so a file is looked at again for a while before it
    is denied.

    Raises:
        Absent: no such file, or not for this person.
        NotReady: it is this person's own, and still being checked.
    """
    tries = int(_LINK_SECONDS / _LOOK_AGAIN_SECONDS)
    for _ in range(tries):
        attachment = await parts.store.get(file_id)
        if attachment is None:
            break
        if attachment.may_be_read_by(person):
            if attachment.state is State.READY:
                return attachment
            if attachment.state is not State.REJECTED:
                raise NotReady
            break
        if attachment.state is not State.READY:
            break
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    raise Absent


async def own_file(parts: Parts, file_id: str, owner: Person) -> Attachment:
    """The owner's file in whatever state; one that is ready is kept as if it had just come, to be sent now.

    Raises:
        Absent: no such file, or another person's.
    """
    attachment = await parts.store.get(file_id)
    if attachment is None or attachment.owner != owner:
        raise Absent
    if attachment.state is State.READY:
        await parts.store.keep(file_id, now() + parts.lifetimes.orphan)
    return attachment


async def file_to_send(parts: Parts, file_id: str, scope: str, sender: Person) -> Attachment:
    """The file as if ``sender`` had uploaded it to ``scope``: an own one, or one of a template; kept for as long.

    Raises:
        ScopeMalformed, ScopeForbidden: the scope is not one of the sender's, or the file is not theirs to send.
        Absent, NotReady: as in `file_to_read`.
    """
    check_scope(scope, sender)
    attachment = await file_to_read(parts, file_id, sender)
    if not attachment.may_be_sent_by(sender):
        raise ScopeForbidden(scope)
    await parts.store.keep(file_id, now() + parts.lifetimes.orphan)
    return replace(attachment, scope=scope, owner=sender)


def receipt_for(parts: Parts, attachment: Attachment) -> str | None:
    """The signed proof that the file is ready, which other services verify without asking; None while it is not."""
    if attachment.state is not State.READY:
        return None
    return parts.receipts.issue(
        attachment.id,
        int(parts.lifetimes.receipt.total_seconds()),
        name=attachment.name,
        media_type=attachment.media_type,
        size=attachment.size,
        scope=attachment.scope,
        owner=attachment.owner.id,
    )


@asynccontextmanager
async def bytes_of(
    parts: Parts, object_name: str, offset: int = 0, length: int = 0
) -> AsyncIterator[AsyncIterator[bytes]]:
    """The stored bytes, as in `ObjectStore.open`; `Absent` where the store has lost them."""
    try:
        async with parts.objects.open(object_name, offset, length) as chunks:
            yield chunks
    except ObjectMissing:
        raise Absent from None  # the sweep will find it, and say so


async def link_files(parts: Parts, file_ids: Sequence[str], *visitor_ids: str) -> None:
    """Note that something that was sent names these files: they stay, agents and these visitors may read them."""
    if not file_ids:
        return
    found = await parts.store.link(file_ids, visitor_ids, now())
    if found < len(set(file_ids)):
        log.warning("linked_file_missing", attachment_ids=list(file_ids), found=found)


async def link_template_files(parts: Parts, template_id: str, version: int, file_ids: Sequence[str]) -> None:
    """Note which files the template names: they stay, and every agent may read them. Others go as any orphan does."""
    moment = now()
    await parts.store.link_template(template_id, version, file_ids, moment, moment + parts.lifetimes.orphan)


async def _outcome(parts: Parts, file_id: str, owner: Person) -> Attachment:
    """What became of the file; waits for an attempt that still goes on, which may be another one than the caller's."""
    for _ in range(int(_UNSETTLED_SECONDS / _LOOK_AGAIN_SECONDS)):
        attachment = await parts.store.get(file_id)
        if attachment is None:
            break
        if attachment.owner != owner:
            raise IdTaken
        if attachment.state is not State.RECEIVING:
            return attachment
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    raise NotReady


async def settle(parts: Parts, before: Attachment, after: Attachment, *, check_again: timedelta | None = None) -> bool:
    """Write one step with its event, and let go of bytes that are not wanted after it.

    False when another attempt or replica was first.
    """
    event = events.of(after)
    outbox = [pending(event)] if event else []
    due = now() + check_again if check_again is not None else None
    if not await parts.store.move(before, after, outbox=outbox, check_after=due):
        if before.state is State.RECEIVING:
            await remove_bytes(parts, before)
        return False
    parts.relay.offer(parts.store.collection, after.id, outbox)
    if after.state is State.REJECTED:
        outcomes.labels(after.refusal).inc()
        await remove_bytes(parts, after)
    elif after.state is State.READY:
        outcomes.labels("ready").inc()
    return True


async def refuse(parts: Parts, attachment: Attachment, why: Refusal, detail: str) -> None:
    """Reject the file. A record of it stays for as long as an orphan does, so that a repeat gets the same answer."""
    after = attachment.refused(why, detail, now())
    if not after.is_named:
        after = replace(after, kept_until=now() + parts.lifetimes.orphan)
    await settle(parts, attachment, after)


async def remove_bytes(parts: Parts, attachment: Attachment) -> None:
    """Remove what the store has of the file. The document must say already that it is not wanted."""
    await parts.objects.remove(attachment.object)
    await parts.objects.remove(preview_of(attachment.object))


async def _release(parts: Parts, attachment: Attachment) -> None:
    ready = replace(attachment.moved(State.READY, now()), kept_until=now() + parts.lifetimes.orphan)
    await settle(parts, attachment, ready)


async def _scan(scanner: Scanner, file: BinaryIO) -> Verdict | None:
    try:
        return await scanner.scan(_chunks(file))
    except ScannerUnavailable as error:
        log.warning("scanner_unavailable", error=str(error))
        return None


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    # By position: the examiner's process shares the file and its position.
    at = 0
    while chunk := await asyncio.to_thread(os.pread, file.fileno(), _CHUNK, at):
        at += len(chunk)
        yield chunk


async def _put(parts: Parts, name: str, file: BinaryIO, media_type: str) -> None:
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    await parts.objects.put(name, file, length, media_type)
