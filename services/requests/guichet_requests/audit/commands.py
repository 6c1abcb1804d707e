"""Commands for operators on the audit trail: reading it, and what `guichetctl` writes into it."""

import argparse
from datetime import UTC, datetime
from typing import Any

from guichet_kit.manage import Command, Opened
from guichet_kit.pages import MAX_LIMIT

from guichet_requests.audit.api import AuditView
from guichet_requests.audit.audit import OPERATOR
from guichet_requests.audit.store import AuditStore, Wanted
from guichet_requests.audit.trail import Trail
from guichet_requests.settings import DatabaseSettings


def trail_of(opened: Opened) -> Trail:
    """The trail of the installation whose database is open."""
    return Trail(AuditStore(opened.database))


async def _audit(opened: Opened, given: argparse.Namespace) -> Any:
    wanted = Wanted(given.agent, given.action, given.subject, given.since, given.until)
    found, cursor = await AuditStore(opened.database).page(wanted, min(given.limit, MAX_LIMIT), None)
    while cursor is not None and len(found) < given.limit:
        more, cursor = await AuditStore(opened.database).page(wanted, min(given.limit - len(found), MAX_LIMIT), cursor)
        found += more
    return [AuditView.of(entry).model_dump(mode="json") for entry in found]


async def _record_archive(opened: Opened, given: argparse.Namespace) -> Any:
    await trail_of(opened).record("contact.archived", OPERATOR, given.contact)


def _which_contact(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("contact", help="the contact's id")


async def _record_retention(opened: Opened, given: argparse.Namespace) -> Any:
    detail = dict(one.split("=", 1) for one in given.removed)
    await trail_of(opened).record("retention.run", OPERATOR, None, detail)


def _what_went(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("removed", nargs="+", metavar="KIND=COUNT")


def _which_entries(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--agent", help="the id of who did it")
    parser.add_argument("--action", help="what was done, as `agent.changed`; or `agent` for all that begins so")
    parser.add_argument("--subject", help="the id of what it was done to")
    parser.add_argument("--since", type=_moment, help="RFC 3339")
    parser.add_argument("--until", type=_moment, help="RFC 3339; not included")
    parser.add_argument("--limit", type=int, default=MAX_LIMIT, help="how many at most, the newest first")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


COMMANDS = (
    Command("audit", "tell who did what, when and from where, the newest first", _audit, _which_entries,
            settings=DatabaseSettings),
    Command("audit-archive", "write down in the audit trail that an operator exported a contact",
            _record_archive, _which_contact, settings=DatabaseSettings),
    Command("audit-retention", "write down in the audit trail what `retention` removed", _record_retention,
            _what_went, settings=DatabaseSettings),
)  # fmt: skip
"""What `manage` offers of it."""
