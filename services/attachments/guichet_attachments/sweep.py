"""Keeps documents and objects in agreement, and lets go of what nobody wants.

Every step decides on the document first and touches the bytes after it, so whatever a crash leaves is one of: an
upload that was never finished, an object that no document wants, a document whose object is not there. The sweep
finds each of the three. Replicas may sweep at the same time.
"""

from collections.abc import Sequence

from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.objects import PAGE, Listed, ObjectMissing
from prometheus_client import Counter

from guichet_attachments.attachment import Attachment, State, preview_of
from guichet_attachments.deps import Parts
from guichet_attachments.settling import LOST, refuse, remove_bytes

repaired = Counter("guichet_attachments_swept_total", "What a sweep put right", ["what"])

log = get_logger(__name__)


async def sweep(parts: Parts) -> None:
    """All of it, once."""
    await drop_abandoned_uploads(parts)
    await drop_expired_files(parts)
    await reconcile(parts)


async def drop_abandoned_uploads(parts: Parts) -> None:
    """Forget uploads that have not moved for too long: their process died, and nobody was told that they are safe."""
    while found := await parts.store.abandoned(now() - parts.lifetimes.receiving):
        for attachment in found:
            await _drop(parts, attachment, "abandoned")


async def drop_expired_files(parts: Parts) -> None:
    """Remove files that nothing named in time, those that were let go, and old records of rejected ones."""
    while True:
        found = await parts.store.expired(now())
        if not [attachment for attachment in found if await _drop(parts, attachment, "expired")]:
            return


async def drop_erased_files(parts: Parts, visitor_ids: Sequence[str], file_ids: Sequence[str] = ()) -> None:
    """Remove what the visitors uploaded, and these files, at once; what is not settled yet goes with the next sweep."""
    await parts.store.let_go(visitor_ids, file_ids, now())
    await drop_expired_files(parts)


async def reconcile(parts: Parts) -> None:
    """Walk through the store's objects in the order of their names, and the documents beside them."""
    after = ""
    while True:
        page = await parts.objects.page(after)
        whole = len(page) < PAGE
        last = None if whole else page[-1].name
        await _remove_unwanted(parts, page)
        listed = {item.name for item in page}
        for attachment in await parts.store.held_between(after, last):
            await _mend(parts, attachment, listed)
        if last is None:
            return
        after = last


async def _remove_unwanted(parts: Parts, page: list[Listed]) -> None:
    known = await parts.store.known(list({item.name.partition(".")[0] for item in page}))
    for item in page:
        attachment = known.get(item.name.partition(".")[0])
        if attachment is None:
            # Younger than an orphan's age it stays: a database restored from a backup may yet be made to know it.
            wanted = item.modified > now() - parts.lifetimes.orphan
        else:
            wanted = attachment.state is not State.REJECTED and item.name in (
                attachment.object,
                preview_of(attachment.object),
            )
        if not wanted:
            await parts.objects.remove(item.name)
            repaired.labels("object_removed").inc()
            log.info("unwanted_object_removed", object=item.name)


async def _mend(parts: Parts, attachment: Attachment, listed: set[str]) -> None:
    if await _is_missing(parts, attachment.object, listed):
        log.error("object_lost", attachment_id=attachment.id, named=attachment.is_named)
        repaired.labels("object_lost").inc()
        await refuse(parts, attachment, "lost", LOST)
    elif attachment.has_preview and await _is_missing(parts, preview_of(attachment.object), listed):
        repaired.labels("preview_lost").inc()
        await parts.store.lost_preview(attachment)


async def _is_missing(parts: Parts, name: str, listed: set[str]) -> bool:
    """Whether there is no such object; a page that was listed before the object was written is not believed."""
    if name in listed:
        return False
    try:
        await parts.objects.size(name)
    except ObjectMissing:
        return True
    return False


async def _drop(parts: Parts, attachment: Attachment, why: str) -> bool:
    dropped = await parts.store.drop(attachment)
    if dropped:
        await remove_bytes(parts, attachment)
        repaired.labels(why).inc()
    return dropped
