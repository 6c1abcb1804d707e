"""Letters: what a stored mail says, and how an answer to it is written."""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cached_property
from uuid import UUID

from guichet_kit.clock import now

SAID_BY = {
    "fr": "Le {at:%d/%m/%Y à %H:%M}, {name} a écrit :",
    "en": "On {at:%d/%m/%Y at %H:%M}, {name} wrote:",
}


@dataclass(frozen=True)
class File:
    """A file of a letter."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True)
class Letter:
    """A mail in one customer's mailbox; ``at`` is when it came in, or was sent where ``answers`` names another."""

    id: str
    at: datetime
    raw: bytes
    answers: str | None = None

    @cached_property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def owner(self) -> str:
        """The address in whose mailbox it is."""
        return str(self.message["Delivered-To"] or self.sender.addr_spec).lower()

    @property
    def sender(self) -> Address:
        """Who it says it is from."""
        return first_address(self.message, "From")

    @property
    def subject(self) -> str:
        """The subject, empty where there is none."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """The plain text, empty where there is only HTML."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML, empty where there is none."""
        return self._body("html")

    @cached_property
    def files(self) -> list[File]:
        """All that is neither its text nor its HTML."""
        return list(_files_of(self.message))

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def first_address(message: EmailMessage, header: str) -> Address:
    """The first address of the header; one without a domain where there is none."""
    found = getattr(message[header], "addresses", ())
    return found[0] if found else Address()


def new_letter(
    letter_id: UUID, sender: Address, to: Address, subject: str, text: str, file: File | None = None
) -> EmailMessage:
    """A letter as a customer's mail program writes it; ``letter_id`` is in its Message-ID."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<{letter_id}@{sender.domain}>"
    message.set_content(text)
    if file is not None:
        kind, _, subtype = file.media_type.partition("/")
        message.add_attachment(file.content, kind, subtype, filename=file.name)
    return message


def answer_to(letter: Letter, answer_id: UUID, text: str, language: str, file: File | None = None) -> EmailMessage:
    """An answer: to Reply-To, in the letter's thread, with the letter quoted below."""
    message, sender = letter.message, letter.sender
    said_by = SAID_BY[language].format(at=letter.at, name=sender.display_name or sender.addr_spec)
    quoted = "\n".join(f"> {line}".rstrip() for line in letter.text.splitlines())
    to = first_address(message, "Reply-To")
    subject = letter.subject if letter.subject.lower().startswith("re:") else f"Re: {letter.subject}"
    whole = f"{text}\n\n{said_by}\n\n{quoted}\n"
    answer = new_letter(answer_id, _named_owner(letter), to if to.domain else sender, subject, whole, file)
    if message_id := str(message["Message-ID"] or "").strip():
        answer["In-Reply-To"] = message_id
        answer["References"] = f"{message['References'] or ''} {message_id}".strip()
    return answer


def media_type_of(name: str) -> str:
    """What a file of that name is sent as."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _named_owner(letter: Letter) -> Address:
    """The owner of the mailbox, by the name under which the letter was sent to them."""
    header = letter.message["To"]
    for address in getattr(header, "addresses", ()):
        if address.addr_spec.lower() == letter.owner:
            return Address(address.display_name, addr_spec=letter.owner)
    return Address(addr_spec=letter.owner)


def _files_of(message: EmailMessage) -> Iterator[File]:
    for part in message.walk():
        content_id = str(part["Content-ID"] or "").strip("<> ")
        named = part.get_filename()
        if part.is_multipart() or not (named or content_id or part.is_attachment()):
            continue
        content = part.get_payload(decode=True)
        yield File(
            name=named or "file",
            media_type=part.get_content_type(),
            content=content if isinstance(content, bytes) else b"",
            content_id=content_id,
            inline=part.get_content_disposition() == "inline",
        )
