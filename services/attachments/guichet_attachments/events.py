"""What happened to files, as the events of `guichet_contracts.attachments`."""

from typing import Any

from guichet_contracts import attachments as contract
from guichet_contracts.event import Event
from guichet_kit import trace
from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_attachments.attachment import Attachment, State


def of(attachment: Attachment) -> Event[Any] | None:
    """The event of the file's having come into its state; None for the states on the way."""
    envelope: dict[str, Any] = {
        "id": new_id(),
        "time": now(),
        "subject": attachment.id,
        "correlationid": trace.correlation_id.get(),
        "causationid": trace.causation_id.get(),
    }
    file = contract.File(
        id=attachment.id,
        name=attachment.name,
        media_type=attachment.media_type,
        size=attachment.size,
        sha256=attachment.sha256,
        scope=attachment.scope,
        owner=contract.Owner(kind=attachment.owner.kind, id=attachment.owner.id),
        created_at=attachment.created_at,
    )
    if attachment.state is State.READY:
        return contract.AttachmentStored(data=contract.AttachmentStoredData(attachment=file), **envelope)
    if attachment.state is State.REJECTED and attachment.refusal is not None:
        rejected = contract.AttachmentRejectedData(attachment=file, reason=attachment.refusal)
        return contract.AttachmentRejected(data=rejected, **envelope)
    return None
