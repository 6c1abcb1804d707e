"""What the rest of Guichet hears of a request."""

from guichet_contracts import requests as contract
from guichet_kit.clock import now
from guichet_kit.ids import new_id

from guichet_requests.request.request import Request


def snapshot(request: Request) -> contract.Request:
    """The request as lists and headers show it, here and in events."""
    conversation, contact, visitor, assignee = (
        request.conversation, request.contact, request.visitor, request.assignee
    )  # fmt: skip
    return contract.Request(
        id=request.id,
        number=request.number,
        channel=request.channel,
        status=request.status,
        priority=request.priority,
        reason_id=request.reason_id,
        subject=request.subject,
        preview=request.preview,
        preview_by=request.preview_by
        and contract.PreviewAuthor(id=request.preview_by.id, name=request.preview_by.name),
        waiting_since=request.waiting_since,
        contact=contact and contract.ContactCopy(id=contact.id, name=contact.name, email=contact.email),
        visitor=visitor and contract.VisitorCopy(id=visitor.id, name=visitor.name, email=visitor.email),
        assignee=assignee and contract.Assignee(id=assignee.id, name=assignee.name, initials=assignee.initials),
        conversation=conversation
        and contract.ConversationCopy(
            id=conversation.id,
            state="open" if conversation.open else "closed",
            last_seq=conversation.last_seq,
        ),
        unread=request.unread,
        automatic=request.automatic,
        last_activity_at=request.last_activity_at,
        created_at=request.created_at,
        closed_at=request.closed_at,
        version=request.version,
    )


def changed(request: Request, correlation_id: str | None, causation_id: str | None) -> contract.RequestChanged:
    """The event that tells of the request as it now is, and what the change goes back to."""
    return contract.RequestChanged(
        id=new_id(),
        time=now(),
        subject=request.id,
        data=contract.RequestChangedData(request=snapshot(request)),
        correlationid=correlation_id,
        causationid=causation_id,
    )
