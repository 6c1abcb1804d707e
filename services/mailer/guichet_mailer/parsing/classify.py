"""What kind of mail it is: from a person, or from a machine that must not be answered. The signs are in `signs`."""

from dataclasses import dataclass
from email.message import Message

from guichet_mailer.parsing import headers, reports, signs
from guichet_mailer.parsing.mail import Address, Bounce, Kind
from guichet_mailer.parsing.signs import Reason

HOPS_LIMIT = 50
"""``Received`` headers of a mail that goes in circles (RFC 5321, 6.3, wants at least 100 where nothing else tells)."""

LOOP_HEADER = "x-guichet-delivery"
"""Stands on all mail that Guichet sends: a mail that comes with it is our own, come back."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The kind, the reason as a stable word and in a sentence, and what a report is about.

    ``suspected``: it is a report if one of these Message-IDs is that of a mail that was sent, or if it came to an
    address that only a report on such a mail knows. ``feedback_type``: of a complaint.
    """

    kind: Kind = "message"
    reason: Reason | None = None
    why: str = ""
    bounce: Bounce | None = None
    suspected: Bounce | None = None
    feedback_type: str | None = None


def classify(mail: Message, text: str, sender: Address | None, null_sender: bool) -> Judged:
    """Judge the mail. ``text``: its writer's own words. ``null_sender``: the envelope was from ``<>``."""
    if headers.raw_value(mail, LOOP_HEADER):
        return Judged("loop", "loop", "it carries the mark of mail that this desk sent")
    hops = sum(1 for _ in headers.raw_values(mail, "received"))
    if hops > HOPS_LIMIT:
        return Judged("loop", "loop", f"it went through {hops} servers")
    if found := reports.complaint(mail):
        said = f"it is a report of the type {found[0]} on mail that was sent (RFC 5965)"
        return Judged("bounce", "abuse_report", said, found[1], feedback_type=found[0])
    null_sender = null_sender or headers.raw_value(mail, "return-path").strip() == "<>"
    report, suspected = _report(mail, sender, null_sender)
    if report:
        return report
    if reports.is_receipt(mail):
        return Judged("auto_reply", "receipt", "it says that a mail was displayed or deleted (RFC 8098)")
    for sign in signs.AUTOMATIC:
        if said := sign.found(mail):
            return Judged("auto_reply", sign.reason, said, suspected=suspected)
    weak = _weak(mail, text, null_sender)
    if len(weak) > 1:
        return Judged("auto_reply", "two_signs", " and ".join(weak), suspected=suspected)
    for sign in signs.MASS:
        if said := sign.found(mail):
            return Judged("bulk", sign.reason, said, suspected=suspected)
    return Judged(suspected=suspected)


def _weak(mail: Message, text: str, null_sender: bool) -> list[str]:
    precedence = signs.MASS[-1].found(mail)
    said = {
        "it has no return address": null_sender,
        "its subject begins as that of an automatic reply": signs.AUTO_SUBJECT.match(headers.text(mail, "subject")),
        "its text is that of an automatic reply": signs.AUTO_TEXT.search(
            " ".join(text.split())[: signs.AUTO_TEXT_LENGTH]
        ),
        precedence: precedence,
    }
    return [words for words, holds in said.items() if holds]


def _report(mail: Message, sender: Address | None, null_sender: bool) -> tuple[Judged | None, Bounce | None]:
    """The mail as a report on one that was sent; else what it would be about if it were one."""
    raw_from = headers.text(mail, "from")
    local = (sender.email if sender else raw_from.rpartition("<")[2]).strip(" <>\"'").partition("@")[0]
    daemon = bool(signs.DAEMONS.fullmatch(local))
    keeper = daemon or bool(signs.KEEPERS.fullmatch(local) or signs.KEEPER_NAMES.search(raw_from))
    subject = bool(signs.FAILED_SUBJECT.match(headers.text(mail, "subject")))
    recipients = reports.status(mail)
    if recipients and (reports.is_report(mail) or daemon or null_sender or keeper or subject):
        bounce = Bounce(tuple(recipients), reports.message_ids(mail))
        return Judged("bounce", "delivery_report", "it reports on mail that was sent", bounce), None
    text = reports.text_of(mail)
    words = bool(signs.FAILED_TEXT.search(reports.without_emails(text)))
    answer = bool(signs.SMTP_WORDS.search(text))
    says = words or answer
    named = bool(headers.raw_value(mail, "x-failed-recipients")) or reports.is_report(mail)
    if named or (daemon and (says or subject)):
        return Judged(
            "bounce", "delivery_report", "it reports on mail that was sent", reports.odd(mail, text, sender)
        ), None
    if daemon:
        bounce = Bounce((), reports.message_ids(mail, text), None)
        return Judged("bounce", "daemon", f"it is from a mail system ({local})", bounce), None
    automatic = any(sign.found(mail) for sign in signs.AUTOMATIC) and not (keeper or subject)
    on_vacation = len(_weak(mail, text, null_sender=False)) > 0 and not (keeper or subject)
    count = null_sender + keeper + subject + says
    by_words_alone = count - subject - says == 0  # people forward and cite, too: those quote a server's answer
    if (
        count > 1
        and (says or subject)
        and not automatic
        and not on_vacation
        and (not by_words_alone or (words and answer and reports.returns_mail(text)))
    ):
        found = reports.odd(mail, text, sender)
        return Judged("bounce", "delivery_report", "it says that mail did not arrive", found), None
    if on_vacation or not (says or subject or ((null_sender or keeper) and not automatic)):
        return None, None
    found = reports.odd(mail, text, sender)
    # People answer our mails, too: only what the text names may prove that it reports on one.
    named_in_text = reports.ids_in(text) if count > says else ()
    return None, Bounce(found.recipients, named_in_text, found.fate)
