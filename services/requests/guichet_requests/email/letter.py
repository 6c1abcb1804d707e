"""Writing e-mails: what stands in them beside the agent's words. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Literal

from guichet_requests.email.email import Address, Purpose
from guichet_requests.timeline.item import Attachment, Item

Language = Literal["fr", "en"]

THREAD = 50
"""E-mails of a request that count for its thread, and message ids that a new one names: the newest."""
QUOTED = 50
"""Messages that the whole history quotes, the newest."""
QUOTED_LENGTH = 20_000
"""Characters of each."""

_REPLY = re.compile(r"^(?:re|ré|réf|aw|sv|antw)\s?:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An e-mail to send, but for what its thread gives it. ``mailbox`` is ``mailer``'s id, None its default.

    Where ``signature`` is empty the mailbox's stands in its place; None is no signature at all. ``shown`` is what the
    timeline has instead of the text, where that is nobody's but its reader's.
    """

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    subject: str
    text: str
    signature: str | None = ""
    quoted: str = ""
    attachments: tuple[Attachment, ...] = ()
    mailbox: str | None = None
    purpose: Purpose = "reply"
    shown: str | None = None

    @property
    def whole(self) -> str:
        """All of its text, in the order in which mail programs expect it."""
        signature = f"-- \n{self.signature}" if self.signature else ""  # RFC 3676, 4.3
        return "\n\n".join(filter(None, (self.text, signature, self.quoted)))


@dataclass(frozen=True, slots=True)
class Thread:
    """The message ids that a new e-mail names (RFC 5322, 3.6.4)."""

    in_reply_to: str | None
    references: tuple[str, ...]


def thread_of(emails: Sequence[Item]) -> Thread:
    """The thread that the e-mails of a request make, the newest first. A stranger's and a machine's do not count."""
    ours = [one.email for one in emails if one.email and one.email.kind == "message" and not one.email.other_sender]
    chain = [known for one in reversed(ours) for known in (*one.references, one.message_id) if known]
    answered = next((one.message_id for one in ours if one.purpose is None and one.message_id), None)
    # Each id once, where it was named last.
    references = tuple(reversed(list(dict.fromkeys(reversed(chain)))))[-THREAD:]
    return Thread(answered or next((one.message_id for one in ours), None), references)


def subject_of(number: int, subject: str | None, emails: Sequence[Item], language: Language) -> str:
    """The subject of an answer: that of the newest e-mail of the thread, else the request's, else its number.

    The first e-mail of a request answers none, and does not say that it does.
    """
    ours = (one.email for one in emails if one.email and not one.email.automatic and not one.email.other_sender)
    named = next((email.subject for email in ours), "")
    known = named.strip() or (subject or "").strip()
    if not known:
        return f"Demande n° {number}" if language == "fr" else f"Request {number}"
    return known if not emails or _REPLY.match(known) else f"Re: {known}"


def quote(items: Sequence[Item], language: Language) -> str:
    """The items as quoted history, in their order, with who wrote each and when (UTC)."""
    return "\n\n".join(_quoted(item, language) for item in items)


def _quoted(item: Item, language: Language) -> str:
    at, name = item.at.astimezone(UTC), item.author.name
    if language == "fr":
        line = f"Le {at:%d/%m/%Y} à {at:%H:%M} (UTC), {name or 'le client'} a écrit :"
    else:
        line = f"On {at:%Y-%m-%d} at {at:%H:%M} (UTC), {name or 'the customer'} wrote:"
    files = [f"[{file.name}]" for file in item.attachments]
    return "\n".join(
        (line, *(f"> {part}".rstrip() for part in (*item.text.strip()[:QUOTED_LENGTH].splitlines(), *files)))
    )
