"""Mails in quarantine go by age; all others with the requests that they are on."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from guichet_kit.objects import ObjectStore
from guichet_kit.retention import Due, Rule

from guichet_mailer.inbound.store import ReceivedStore
from guichet_mailer.settings import Settings

_PAGE = 100


def rules(
    settings: Settings, store: ReceivedStore, opened: Callable[[], AbstractAsyncContextManager[ObjectStore]]
) -> list[Rule]:
    """The rules, as they are set. ``opened`` opens the bucket of raw mails."""

    async def remove(before: datetime) -> int:
        removed, after = 0, ""
        async with opened() as objects:
            while held := await store.quarantined_until(before, after, _PAGE):
                for mail in held:
                    for one in await store.erase(mail.id):
                        await objects.remove(str(one.object))
                        await store.without_bytes(one)
                removed, after = removed + len(held), held[-1].id
        return removed

    async def due(before: datetime) -> Due:
        return await store.quarantined_before(before)

    return [Rule("quarantine", "GUICHET_QUARANTINE_RETENTION_DAYS", settings.quarantine_retention_days, due, remove)]
