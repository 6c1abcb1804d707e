"""What writes entries into the audit trail, as things are done."""

from collections.abc import Mapping

from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_requests.audit.audit import Action, Actor, AuditEntry
from guichet_requests.audit.store import AuditStore

_LONGEST = 300


class Trail:
    """Writes down what was done, before the caller hears that it was."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store

    async def record(
        self, action: Action, actor: Actor, subject_id: str | None = None, detail: Mapping[str, str] | None = None
    ) -> None:
        """Write one entry. ``detail`` holds no customer's name, address or words."""
        told = {name: text[:_LONGEST] for name, text in (detail or {}).items()}
        entry = AuditEntry(id=new_id(), at=now(), action=action, actor=actor, subject_id=subject_id, detail=told)
        await self._store.add([entry])
