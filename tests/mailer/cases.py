"""Mails of our own making, of kinds that real programs send, with what is right: `cases/KIND/NAME.eml` and `.json`.

Those that begin with ``near`` look like the others of their kind and are not: they must stay as they are. The desk's
mailbox in them is ``support@desk.example``, and it sent one mail, `SENT_ID`.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guichet_contracts.mailer import Thread
from guichet_mailer.inbound.judgement import among_people, reported
from guichet_mailer.mailbox import Mailbox, Mailboxes
from guichet_mailer.parsing import Mail, parse

FOLDER = Path(__file__).parent / "cases"
SENT_ID = "sent-1@desk.example"
_MAILBOXES = Mailboxes([Mailbox(id="support", address="support@desk.example")])


@dataclass(frozen=True)
class Case:
    """A mail, and what must be shown of it: see `shown` for the names."""

    kind: str
    name: str
    raw: bytes
    wanted: dict[str, Any]


def cases(*kinds: str, folder: Path = FOLDER) -> list[Case]:
    """Those of these kinds; all, where none is named."""
    files = sorted(folder.glob("*/*.eml"))
    return [
        Case(file.parent.name, file.stem, file.read_bytes(), json.loads(file.with_suffix(".json").read_text("utf-8")))
        for file in files
        if not kinds or file.parent.name in kinds
    ]


def others() -> list[Case]:
    """Somebody else's, in the same form, where GUICHET_CASES names their folder."""
    folder = os.environ.get("GUICHET_CASES")
    return cases(folder=Path(folder)) if folder else []


def judged(raw: bytes) -> Mail:
    """The mail as the desk would take it that has that mailbox and sent that mail."""
    mail = parse(raw)
    mail = reported(mail, mail.suspected is not None and SENT_ID in mail.suspected.message_ids)
    return among_people(mail, Thread(), _MAILBOXES)


def wrong(case: Case) -> dict[str, tuple[Any, Any]]:
    """What is shown and what is wanted, where they differ."""
    return differences(case, shown(judged(case.raw)))


def differences(case: Case, found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What was found, by the names of `shown`, and what is wanted, where they differ."""
    return {
        name: (found.get(_BARE.get(name, name)), value)
        for name, value in case.wanted.items()
        if _differs(found, name, value)
    }


_BARE = {
    "text_has": "text",
    "text_lacks": "text",
    "quoted_has": "text_quoted",
    "html_has": "html",
    "html_lacks": "html",
    "html_quoted_has": "html_quoted",
}
"""Where pieces are wanted, or must not be, and not the whole."""


def _differs(found: dict[str, Any], name: str, wanted: Any) -> bool:
    if name.endswith("_has"):
        return not all(piece in (found[_BARE[name]] or "") for piece in wanted)
    if name.endswith("_lacks"):
        return any(piece in (found[_BARE[name]] or "") for piece in wanted)
    if name == "about":
        return bool(wanted not in found["about"])
    if name == "invitation":
        return bool({key: (found["invitation"] or {}).get(key) for key in wanted} != wanted)
    return bool(found[name] != wanted)


def shown(mail: Mail) -> dict[str, Any]:
    """What is compared, as JSON has it."""
    bounce, event = mail.bounce, mail.invitation
    return {
        "kind": mail.kind,
        "reason": mail.reason,
        "sender": [mail.sender.email, mail.sender.name] if mail.sender else None,
        "raw_from": mail.raw_from,
        "reply_to": [one.email for one in mail.reply_to],
        "forwarded_from": mail.forwarded_from.email if mail.forwarded_from else None,
        "subject": mail.subject,
        "text": mail.text,
        "text_quoted": mail.text_quoted,
        "text_signature": mail.text_signature,
        "html": mail.html,
        "html_quoted": mail.html_quoted,
        "files": [[file.name, file.media_type] for file in mail.files],
        "recipients": [[one.email, one.fate] for one in bounce.recipients] if bounce else None,
        "about": list(bounce.message_ids) if bounce else [],
        "invitation": event
        and {
            "method": event.method,
            "summary": event.summary,
            "start": event.start,
            "starts_at": event.starts_at.isoformat() if event.starts_at else None,
            "ends_at": event.ends_at.isoformat() if event.ends_at else None,
            "zone": event.zone,
            "all_day": event.all_day,
        },
    }
