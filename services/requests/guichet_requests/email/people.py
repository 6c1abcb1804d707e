"""Who wrote a received e-mail, and whom to answer. Pure."""

import re
import unicodedata

from guichet_requests.contact.contact import email_key
from guichet_requests.email.email import Address, Email

_NO_REPLY = re.compile(
    r"noreply|donotreply|doesnotreply|dontreply|pasrepondre|sansreponse|nichtantworten|keineantwort|noresponder"
    r"|nonrispondere|nietantwoorden"
)
"""What stands in an address that is not to be answered, once its separators are taken out."""
_FORM = re.compile(r"(?:web|contact)?form(?:s|ulaires?|ular|ulario|mail(?:er)?)?|word-?press|joomla|drupal|prestashop")
"""A part of an address that says it is a form's or a page's, whatever else stands in it."""
_PROGRAM = re.compile(r"wp|wix|shopify|apache|httpd|nobody|www|www-?data|php|web-?site|site-?web|site|web|mailer"
                      r"|web-?server|notifications?|notify|alerts?")  # fmt: skip
"""What is a program's when it is the whole of an address."""
_VIA = re.compile(r"(?<!\s)\s+(?:via|par l['’]intermédiaire de|über)\s+.*$", re.IGNORECASE)
"""What mailing groups put behind the name of whoever wrote, when they put themselves into From (RFC 7960, 4.1.3)."""


def writer(email: Email) -> Address | None:
    """The person who wrote it; None where the mail names nobody but ourselves.

    That is From, unless this is only what carried the words here: a form's, a *no reply* or one of our own addresses.
    Then it is whom the mail says to answer (Reply-To; RFC 5322, 3.6.2).
    """
    sender, elsewhere = email.sender, _elsewhere(email)
    if elsewhere is not None and (sender is None or _carries(email, sender, elsewhere)):
        name = elsewhere.name or (_VIA.sub("", sender.name) if sender and _VIA.search(sender.name) else "")
        return Address(elsewhere.email, name)
    return None if sender is None or _is_ours(email, sender) else sender


def answered(email: Email) -> tuple[Address, ...]:
    """Whom an answer goes to: Reply-To where it is given, else whoever wrote; nobody of ourselves."""
    wrote = writer(email)
    replies = tuple(one for one in email.reply_to if not _is_ours(email, one))
    if not replies:
        return (wrote,) if wrote else ()
    if wrote and not replies[0].name and email_key(wrote.email) == email_key(replies[0].email):
        return (Address(replies[0].email, wrote.name), *replies[1:])
    return replies


def addressed(email: Email) -> tuple[Address, ...]:
    """Who else an answer to all goes to: whoever the mail was written to, but for ourselves."""
    return tuple(one for one in (*email.to, *email.cc) if not _is_ours(email, one))


def is_no_person(address: str) -> bool:
    """Whether an address is by its name a form's, or one that is not to be answered."""
    local = unicodedata.normalize("NFKD", address.rpartition("@")[0].casefold())
    plain = "".join(sign for sign in local if not unicodedata.combining(sign))
    parts = [part for part in re.split(r"[^a-z]+", plain) if part]
    if _NO_REPLY.search("".join(parts)) or _PROGRAM.fullmatch("-".join(parts)):
        return True
    return any(_FORM.fullmatch(part) for part in parts)


def _elsewhere(email: Email) -> Address | None:
    """Reply-To, where it is neither From nor one of ourselves."""
    sender = email_key(email.sender.email) if email.sender else None
    return next((one for one in email.reply_to if email_key(one.email) != sender and not _is_ours(email, one)), None)


def _carries(email: Email, sender: Address, elsewhere: Address) -> bool:
    """Whether From only carried the words of whom Reply-To names."""
    if _is_ours(email, sender) or is_no_person(sender.email) or _VIA.search(sender.name):
        return True
    # A page of the shop's own site that writes in the shop's name.
    at_home = {_domain(address) for address in email.ours}
    return _domain(sender.email) in at_home and _domain(elsewhere.email) not in at_home


def _is_ours(email: Email, one: Address) -> bool:
    return email_key(one.email) in {email_key(address) for address in email.ours}


def _domain(address: str) -> str:
    return email_key(address).rpartition("@")[2]
