"""What comes of a form that was filled in: a request, and the mail that confirms it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from guichet_requests.contact.contact import email_key
from guichet_requests.email.email import Address
from guichet_requests.email.letter import Language, Letter
from guichet_requests.form.form import Answers, Form
from guichet_requests.request import mail
from guichet_requests.request.request import Change, Visitor
from guichet_requests.timeline.item import Attachment, Author, Item

_SUBJECTS: dict[Language, str] = {"fr": "Votre demande n° {number}", "en": "Your request no. {number}"}
_TEXTS: dict[Language, str] = {
    "fr": """\
Bonjour,

Nous avons bien reçu votre demande. Elle porte le numéro {number}.

Pour la compléter, il vous suffit de répondre à cet e-mail.""",
    "en": """\
Hello,

We have received your request. Its number is {number}.

If you have something to add, simply answer this e-mail.""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A form, filled in and checked. ``sender_id`` is a visitor's: the owner of the files."""

    sender_id: str
    name: str
    email: str
    subject: str
    message: str
    answers: Answers = ()
    files: tuple[Attachment, ...] = ()

    @property
    def text(self) -> str:
        """The message, then each answer on a line of its own."""
        return "\n".join((self.message, *(f"{label} : {value}" for label, value in self.answers)))


def begin(form: Form, said: Submission, request_id: str, number: int, reason_id: str | None, at: datetime) -> Change:
    """The request that a filled-in form makes; it waits for the contact of the address."""
    request = replace(
        mail.begin(request_id, number, channel="web_form", subject=said.subject, awaits=email_key(said.email), at=at),
        visitor=Visitor(said.sender_id, said.name, said.email),
        priority=form.priority,
        reason_id=reason_id,
    )
    item = Item(
        id=item_of(request_id),
        request_id=request_id,
        at=at,
        kind="message",
        channel="web_form",
        direction="inbound",
        author=Author("contact", "", said.name),
        text=said.text,
        attachments=said.files,
    )
    return mail.take_in(request, item)


def item_of(request_id: str) -> str:
    """The id of the timeline item that is the form itself."""
    return f"{request_id}:form"


def confirmation(form: Form, email: str, number: int) -> Letter:
    """What tells the sender the number. Nothing that was typed is in it: the address may be somebody else's."""
    return Letter(
        to=(Address(email),),
        subject=_SUBJECTS[form.language].format(number=number),
        text=_TEXTS[form.language].format(number=number),
        purpose="confirmation",
    )
