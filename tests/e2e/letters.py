"""Mails as a customer's mail program writes them, and what it shows of those that came."""

from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP, default
from email.utils import localtime, make_msgid


def opened(raw: bytes) -> EmailMessage:
    """A mail that arrived."""
    return message_from_bytes(raw, policy=default)


def said(mail: EmailMessage, kind: str) -> str:
    """Its text, ``plain`` or ``html``."""
    body = mail.get_body((kind,))
    assert isinstance(body, MIMEPart)
    return str(body.get_content())


def letter(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    """A mail that answers nothing."""
    written = EmailMessage(policy=SMTP)
    written["From"], written["To"], written["Subject"] = sender, to, subject
    written["Date"], written["Message-ID"] = localtime(), make_msgid(domain="customer.example")
    written.set_content(text)
    return written


LEADS = {"fr": "Le 3 févr. 2026 à 10:12, Support a écrit :", "en": "On 3 Feb 2026, at 10:12, Support wrote:"}


def answer(
    mail: EmailMessage, sender: str, text: str, image: bytes | None = None, language: str = "fr"
) -> EmailMessage:
    """An answer as Thunderbird and its like write it: the text, a picture in it, and below what it answers, quoted."""
    quoted = said(mail, "plain").strip()
    lead = LEADS[language]
    whole = "\n".join([text, "", lead, *(f"> {line}" for line in quoted.splitlines())])
    written = letter(sender, mail["Reply-To"], f"Re: {mail['Subject'].removeprefix('Re: ')}", whole)
    written["In-Reply-To"] = mail["Message-ID"]
    written["References"] = f"{mail['References'] or ''} {mail['Message-ID']}".strip()
    picture, content_id = ("", "") if image is None else ('<p><img src="cid:photo" alt="La lampe"></p>', "<photo>")
    written.add_alternative(
        f"<html><body><p>{text}</p>{picture}<div class='moz-cite-prefix'>{lead}<br></div>"
        f"<blockquote type='cite'>{quoted}</blockquote></body></html>",
        subtype="html",
    )
    if image is not None:
        html = written.get_body(("html",))
        assert isinstance(html, MIMEPart)
        html.add_related(image, "image", "png", cid=content_id, filename="photo.png", disposition="inline")
    return written
