"""What goes by age in this service: closed requests, their files and raw mails, and the audit trail."""

from collections.abc import Collection, Sequence
from datetime import datetime

from guichet_contracts.requests import RequestExpired, RequestExpiredData
from guichet_kit import trace
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.retention import Due, Rule

from guichet_requests.audit.store import AuditStore
from guichet_requests.request.request import Request
from guichet_requests.retention.store import ExpiredStore, What
from guichet_requests.settings import RequestsSettings
from guichet_requests.timeline.item import Item


def rules(settings: RequestsSettings, expired: ExpiredStore, audit: AuditStore) -> list[Rule]:
    """The rules, as they are set."""

    def of_requests(kind: str, setting: str, days: int, what: What) -> Rule:
        async def due(before: datetime) -> Due:
            return await expired.due(what, before)

        async def remove(before: datetime) -> int:
            return await let_go(expired, what, before)

        return Rule(kind, setting, days, due, remove)

    async def old_entries(before: datetime) -> Due:
        return Due(*await audit.older_than(before))

    return [
        # Files and raw mails first: of what goes whole they need not be told apart.
        of_requests("requests", "GUICHET_REQUESTS_RETENTION_DAYS", settings.requests_retention_days, "all"),
        of_requests("files", "GUICHET_RETENTION_DAYS", settings.retention_days, "files"),
        of_requests("raw mail", "GUICHET_RAW_MAIL_RETENTION_DAYS", settings.raw_mail_retention_days, "raw_mail"),
        Rule(
            "audit",
            "GUICHET_AUDIT_RETENTION_DAYS",
            settings.audit_retention_days,
            old_entries,
            audit.remove_older_than,
        ),
    ]


async def let_go(expired: ExpiredStore, what: What, before: datetime) -> int:
    """Let go of all requests that were closed before then, or of what hangs on them; how many there were."""
    count = 0
    while found := await expired.some(what, before):
        gone = 0
        for request in found:
            items = await expired.items(request)
            others = await expired.named_elsewhere(request, (file.id for item in items for file in item.attachments))
            event = expiry(what, request, items, others)
            gone += await expired.let_go(what, request, before, event)
        count += gone
        if not gone:  # others are at them, or they live again
            break
    await expired.tidy_up()
    return count


def expiry(what: What, request: Request, items: Sequence[Item], kept: Collection[str] = ()) -> RequestExpired:
    """What the other services are told. ``kept`` are files that stay: another request has them, too."""
    emails = [item for item in items if item.kind == "email"]
    files = {file.id: None for item in items for file in item.attachments}
    data = RequestExpiredData(
        request_id=request.id,
        what=what,
        conversation_ids=tuple(one.id for one in request.conversations),
        email_ids=tuple(item.id for item in emails if item.direction == "inbound"),
        item_ids=tuple(item.id for item in emails if item.direction == "outbound"),
        attachment_ids=tuple(one for one in files if one not in kept),
    )
    return RequestExpired(
        id=new_id(),
        time=now(),
        subject=request.id,
        data=data,
        correlationid=trace.correlation_id.get(),
        causationid=trace.causation_id.get(),
    )
