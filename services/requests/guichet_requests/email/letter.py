"""Writing e-mails: what stands in them beside the agent's words. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Literal

from guichet_requests.email.email import Address, Email, Purpose
from guichet_requests.email.people import writer
from guichet_requests.timeline.item import Attachment, Item

Language = Literal["fr", "en"]

THREAD = 50
"""E-mails of a request that count for its thread, and message ids that a new one names: the newest."""
QUOTED = 50
"""Messages that the whole history quotes, the newest."""
QUOTED_LENGTH = 20_000
"""Characters of each."""

FORWARDED_LENGTH = 100_000
"""Characters of an e-mail's text that go along when it is handed on."""

_FORWARDED: dict[Language, tuple[str, tuple[str, ...]]] = {
    "fr": ("---------- Message transféré ----------", ("De : ", "Date : ", "Objet : ", "À : ", "Copie : ")),
    "en": ("---------- Forwarded message ----------", ("From: ", "Date: ", "Subject: ", "To: ", "Cc: ")),
}
_FORWARD = re.compile(r"^(?:fwd?|tr|wg|rv|i)\s?:", re.IGNORECASE)
_REPLY = re.compile(r"^(?:re|ré|réf|aw|sv|antw)\s?:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An e-mail to send, but for what its thread gives it. ``mailbox`` is ``mailer``'s id, None its default.

    Where ``signature`` is empty the mailbox's stands in its place; None is no signature at all. ``forwards``: the
    message id of the mail that it hands on. ``shown`` is what the timeline has instead of the text, where that is
    nobody's but its reader's.
    """

    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: str
    text: str
    signature: str | None = ""
    quoted: str = ""
    attachments: tuple[Attachment, ...] = ()
    mailbox: str | None = None
    purpose: Purpose = "reply"
    forwards: str | None = None
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


def of_thread(emails: Sequence[Item]) -> list[Email]:
    """The e-mails that make a request's thread. A stranger's do not count, nor what was handed on to somebody else.

    Nor does what a machine sent, unless there is nothing else: then that is what an answer answers.
    """
    known = [one.email for one in emails if one.email and not one.email.other_sender]
    known = [email for email in known if email.purpose != "forward"]
    meant = [email for email in known if email.purpose is not None or not email.automatic]
    return meant or known


def thread_of(emails: Sequence[Item]) -> Thread:
    """The thread that the e-mails of a request make, the newest first."""
    ours = of_thread(emails)
    chain = [known for one in reversed(ours) for known in (*one.references, one.message_id) if known]
    answered = next((one.message_id for one in ours if one.purpose is None and one.message_id), None)
    # Each id once, where it was named last.
    references = tuple(reversed(list(dict.fromkeys(reversed(chain)))))[-THREAD:]
    return Thread(answered or next((one.message_id for one in ours), None), references)


def subject_of(number: int, subject: str | None, emails: Sequence[Item], language: Language) -> str:
    """The subject of an answer: that of the newest e-mail of the thread, else the request's, else its number.

    The first e-mail of a request answers none, and does not say that it does.
    """
    ours = (email.subject for email in of_thread(emails) if email.purpose in (None, "reply"))
    named = next(ours, "")
    known = named.strip() or (subject or "").strip()
    if not known:
        return f"Demande n° {number}" if language == "fr" else f"Request {number}"
    return known if not emails or _REPLY.match(known) else f"Re: {known}"


def handing_on(letter: Letter, item: Item, language: Language, *, subject: str | None = None) -> Letter:
    """The letter with an e-mail that it hands on: below its text, with the files that are there."""
    email = item.email
    assert email is not None  # noqa: S101  only e-mails are handed on
    known = email.subject.strip()
    files = tuple(file for file in item.attachments if file.state in (None, "ready"))
    return replace(
        letter,
        subject=subject or (known if _FORWARD.match(known) else f"Fwd: {known}".strip()),
        quoted=_forwarded(item, email, language),
        attachments=(*letter.attachments, *files),
        purpose="forward",
        forwards=email.message_id,
    )


def _forwarded(item: Item, email: Email, language: Language) -> str:
    """An e-mail as it stands in one that hands it on: who wrote it to whom, and its whole text."""
    at = (email.sent_at or item.at).astimezone(UTC)
    sender = writer(email) or email.sender
    head, names = _FORWARDED[language]
    people = (*((sender,) if sender else ()),), email.to, email.cc
    values = [", ".join(map(_tell, some)) for some in people]
    lines = [(names[0], values[0] or email.raw_from or item.author.name or "")]
    lines += [(names[1], f"{at:%d/%m/%Y %H:%M} (UTC)" if language == "fr" else f"{at:%Y-%m-%d %H:%M} (UTC)")]
    lines += [(names[2], email.subject), (names[3], values[1]), (names[4], values[2])]
    told = "\n".join(f"{name}{value}" for name, value in lines if value)
    whole = "\n\n".join(filter(None, (item.text.strip(), email.text_signature, email.text_quoted)))
    return f"{head}\n{told}\n\n{whole[:FORWARDED_LENGTH]}".rstrip()


def _tell(one: Address) -> str:
    return f"{one.name} <{one.email}>" if one.name else one.email


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
