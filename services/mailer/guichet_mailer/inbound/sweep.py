"""Keeps raw mail and its documents in agreement: nobody's words lie in the store without a document that knows of them.

A mail has a document first, then its bytes (`usecases.take_in`). So what a crash leaves is a document that never became
``received``, of a mail that nobody was told is safe. The sweep lets go of both; and of bytes without a document, which
earlier versions could leave.
"""

from datetime import timedelta
from time import monotonic

from guichet_kit.clock import now
from guichet_kit.logs import get_logger
from guichet_kit.objects import PAGE

from guichet_mailer.inbound.usecases import Reception

ABANDONED_AFTER = timedelta(hours=1)
"""A mail that is still being stored after so long never will be."""

ORPHANED_AFTER = timedelta(days=1)
"""Bytes without a document stay so long: a database restored from a backup may yet be made to know them."""

_LIST_EVERY_SECONDS = 3600.0
_RAW = "raw/"

log = get_logger(__name__)


class RawSweep:
    """Sweeps; the whole store once an hour."""

    def __init__(self, reception: Reception) -> None:
        self._reception, self._listed_at = reception, float("-inf")

    async def run(self) -> bool:
        """Once; False: there is no more to do for now. Raises `StoreUnavailable`."""
        await drop_abandoned(self._reception)
        if monotonic() - self._listed_at > _LIST_EVERY_SECONDS:
            await drop_orphans(self._reception)
            self._listed_at = monotonic()
        return False


async def drop_abandoned(reception: Reception) -> None:
    """Forget mails that were never stored to the end, and what there is of their bytes."""
    while mail := await reception.store.abandon(now() - ABANDONED_AFTER):
        await reception.objects.remove(str(mail.object))
        await reception.store.drop_abandoned(mail.id)
        log.warning("abandoned_mail_dropped", mail_id=mail.id)


async def drop_orphans(reception: Reception) -> None:
    """Remove bytes that no document knows of."""
    after = _RAW
    while page := [one for one in await reception.objects.page(after) if one.name.startswith(_RAW)]:
        for listed in page:
            if listed.modified > now() - ORPHANED_AFTER:
                continue
            # Its content is held meanwhile: the same mail, should it come this moment, is asked to come again.
            held = await reception.store.hold(listed.name, listed.name.removeprefix(_RAW))
            if held is not None:
                await reception.objects.remove(listed.name)
                await reception.store.drop_abandoned(held)
                log.warning("orphaned_mail_removed", object=listed.name)
        if len(page) < PAGE:
            return
        after = page[-1].name
