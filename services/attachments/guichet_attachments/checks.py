"""The checks of files: at once, and again for those that had no answer then."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import BinaryIO

from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.objects import ObjectMissing

from guichet_attachments.attachment import Attachment, State, preview_of
from guichet_attachments.deps import Parts
from guichet_attachments.examine import ExaminationTooSlow, Finding
from guichet_attachments.judgement import infection, judged
from guichet_attachments.lanes import Claim
from guichet_attachments.mediatypes import UNLISTED
from guichet_attachments.settling import LOST, put_bytes, refuse, release, settle
from guichet_attachments.virus import Scanner, ScannerUnavailable, Verdict

CHECK_LEASE = timedelta(seconds=90)
EXAMINATIONS = 6
"""Times that a file may meet an examiner that is too slow, before it is called one that cannot be examined."""

PREVIEW_TYPE = "image/webp"
_CHUNK = 64 << 10

log = get_logger(__name__)


async def check_and_store(parts: Parts, attachment: Attachment, file: BinaryIO, claim: Claim | None) -> None:
    """Look into a file that was received, and keep it or not.

    Raises:
        ExaminationInterrupted, StoreUnavailable: it could not be looked into, or not be stored.
        LaneFull, ClientGone: it was not its turn.
    """
    with tempfile.TemporaryFile() as preview:
        try:
            finding, verdict = await _examined_and_scanned(parts, file, preview, claim)
        except ExaminationTooSlow:
            await _examine_later(parts, attachment, file)
            return
        known, reason = judged(attachment, finding, verdict, keep_unlisted=parts.keep_unlisted)
        if reason:
            await refuse(parts, known, *reason)
            return
        await put_bytes(parts, known.object, file, known.media_type or UNLISTED)
        if known.has_preview:
            await put_bytes(parts, preview_of(known.object), preview, PREVIEW_TYPE)
    checking = known.moved(State.CHECKING, now())
    wait = CHECK_LEASE if verdict else timedelta(0)
    if await settle(parts, known, checking, check_again=wait) and verdict:
        await release(parts, checking)


async def _examined_and_scanned(
    parts: Parts, file: BinaryIO, preview: BinaryIO, claim: Claim | None
) -> tuple[Finding, Verdict | None]:
    scan = asyncio.create_task(_scan(parts.scanner, _chunks(file)))
    try:
        finding = await parts.examiner.examine(file, preview, claim)
        return finding, await scan
    finally:
        scan.cancel()
        await asyncio.wait([scan])


async def _examine_later(parts: Parts, attachment: Attachment, file: BinaryIO) -> None:
    """Keep the file as it is, given out to nobody: what was too slow was the machine, as far as anybody knows."""
    await put_bytes(parts, attachment.object, file, UNLISTED)
    unexamined = replace(attachment, examined=False, examinations=1)
    await settle(parts, attachment, unexamined.moved(State.CHECKING, now()), check_again=_pause(unexamined))


def _pause(attachment: Attachment) -> timedelta:
    return timedelta(seconds=5 * 2**attachment.examinations)


async def check_waiting_files(parts: Parts) -> None:
    """Check the files that are due: those that met no scanner or a slow examiner, and those whose process died."""
    while attachment := await parts.store.claim_check(now(), CHECK_LEASE):
        try:
            if not attachment.examined:
                await _examine_again(parts, attachment)
                continue
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
            await release(parts, attachment)


async def _examine_again(parts: Parts, attachment: Attachment) -> None:
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as preview:
        async with parts.objects.open(attachment.object) as chunks:
            async for chunk in chunks:
                await asyncio.to_thread(file.write, chunk)
        file.flush()
        verdict = await parts.scanner.scan(_chunks(file))
        try:
            finding = await parts.examiner.examine(file, preview, Claim(of_staff=True))
        except ExaminationTooSlow:
            await _give_up_or_wait(parts, attachment)
            return
        known, reason = judged(attachment, finding, verdict, keep_unlisted=parts.keep_unlisted)
        known = replace(known, examined=True)
        if reason:
            await refuse(parts, known, *reason)
            return
        if known.has_preview:
            await put_bytes(parts, preview_of(known.object), preview, PREVIEW_TYPE)
    await release(parts, known)


async def _give_up_or_wait(parts: Parts, attachment: Attachment) -> None:
    tried = replace(attachment, examinations=attachment.examinations + 1)
    log.warning("examination_too_slow", attachment_id=attachment.id, times=tried.examinations)
    if tried.examinations >= EXAMINATIONS:
        await refuse(parts, tried, "type_not_allowed", "The file could not be examined.")
    else:
        await parts.store.move(attachment, tried, check_after=now() + _pause(tried))


async def _scan(scanner: Scanner, chunks: AsyncIterator[bytes]) -> Verdict | None:
    try:
        return await scanner.scan(chunks)
    except ScannerUnavailable as error:
        log.warning("scanner_unavailable", error=str(error))
        return None


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    # By position: the examiner's process shares the file and its position.
    at = 0
    while chunk := await asyncio.to_thread(os.pread, file.fileno(), _CHUNK, at):
        at += len(chunk)
        yield chunk
