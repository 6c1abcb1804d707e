"""What can be done with files. State and events are saved together; the bytes follow the documents."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from guichet_contracts.claims import Receipt
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.objects import ObjectMissing

from guichet_attachments.attachment import Attachment, Person, ScopeForbidden, State, check_scope
from guichet_attachments.checks import check_and_store
from guichet_attachments.deps import Lifetimes as Lifetimes
from guichet_attachments.deps import Parts as Parts
from guichet_attachments.lanes import Claim, ClientGone, LaneFull
from guichet_attachments.sweep import drop_erased_files
from guichet_attachments.upload import Upload

RENEWALS = 7

_LOOK_AGAIN_SECONDS = 0.1
_UNSETTLED_SECONDS = 20.0
_LINK_SECONDS = 2.0

log = get_logger(__name__)


class Absent(Exception):
    """There is no such file, or it is not for this person to know."""


class OwnerErased(Exception):
    """Who the visitor was is forgotten: nothing is taken in as theirs any more."""


class IdTaken(Exception):
    """Another person's file has this id."""


class NotReady(Exception):
    """The file is still being received or checked."""


async def require_room(parts: Parts, claim: Claim, person: Person, address: str, size: int) -> None:
    """Before a file of about ``size`` bytes is received.

    Raises:
        LaneFull: it would wait too long.
        AllowanceUsed: too much was sent in this hour, or on this day.
    """
    parts.examiner.lanes.require_room(claim)
    if parts.allowances is not None:
        await parts.allowances.require(person, address, size, now())


async def count_bytes(parts: Parts, person: Person, address: str, size: int) -> None:
    """Count a file that was received, whatever becomes of it."""
    if parts.allowances is not None:
        await parts.allowances.require(person, address, size, now())
        await parts.allowances.count(person, address, size, now())


async def receive_file(
    parts: Parts, upload: Upload, owner: Person, scope: str, file_id: str, claim: Claim | None = None
) -> Attachment:
    """Take a file in: ready, rejected, or in ``checking`` where the virus scanner or the examiner has no answer now.

    A repeat with the same ``file_id`` yields what became of the first.

    Raises:
        ScopeMalformed, ScopeForbidden: the scope is not one of the owner's.
        IdTaken: the id is another person's.
        ExaminationInterrupted, StoreUnavailable: the file could not be looked into, or not be stored; the sweep
            tidies up, and the same call may succeed later.
        LaneFull, ClientGone: it was not its turn; nothing of the file is kept.
        OwnerErased: the visitor was erased, before or just now; nothing of the file is kept.
    """
    moment = now()
    await _require_known(parts, owner)
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
        try:
            await check_and_store(parts, attachment, upload.file, claim)
        except (LaneFull, ClientGone):
            await parts.store.drop(attachment)
            raise
        # An erasure that came meanwhile may have looked for the file before it was there.
        if owner.kind == "visitor" and await parts.store.visitor_erased(owner.id):
            await drop_erased_files(parts, [owner.id])
            raise OwnerErased
        if await parts.store.file_erased(file_id):
            await drop_erased_files(parts, [], [file_id])
            return attachment
    return await _outcome(parts, file_id, owner)


async def _require_known(parts: Parts, owner: Person) -> None:
    if owner.kind == "visitor" and await parts.store.visitor_erased(owner.id):
        raise OwnerErased


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

    But not for ever: asking again and again keeps a file that nothing names for `RENEWALS` times an orphan's time.

    Raises:
        Absent: no such file, or another person's.
    """
    attachment = await parts.store.get(file_id)
    if attachment is None or attachment.owner != owner:
        raise Absent
    if attachment.state is State.READY:
        until = min(now() + parts.lifetimes.orphan, attachment.created_at + RENEWALS * parts.lifetimes.orphan)
        await parts.store.keep(file_id, until)
        attachment = replace(attachment, kept_until=until)
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
    until = now() + parts.lifetimes.orphan
    await parts.store.keep(file_id, until)
    return replace(attachment, scope=scope, owner=sender, kept_until=until)


def receipt_for(parts: Parts, attachment: Attachment) -> str | None:
    """The signed proof that the file is ready, which other services verify without asking; None while it is not."""
    if attachment.state is not State.READY:
        return None
    lifetime = parts.lifetimes.receipt
    if not attachment.is_named and attachment.kept_until is not None:  # no longer than the file is kept
        lifetime = min(lifetime, attachment.kept_until - now())
    receipt = Receipt(
        attachment.id,
        attachment.name,
        attachment.media_type or "",
        attachment.size,
        attachment.scope,
        attachment.owner.id,
    )
    return parts.receipts.issue(receipt.file_id, int(lifetime.total_seconds()), **receipt.claims())


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
