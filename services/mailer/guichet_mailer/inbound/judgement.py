"""What the parser cannot know of a mail's kind: which lists, mails and threads are ours. Pure rules.

`docs/mail.md` says them in words.
"""

from dataclasses import replace

from guichet_contracts.mailer import Thread

from guichet_mailer.mailbox import Mailboxes
from guichet_mailer.parsing import Mail


def reported(mail: Mail, is_ours: bool) -> Mail:
    """The mail as a report, where what it would be about was sent by us."""
    if mail.bounce is not None or mail.suspected is None or not is_ours:
        return mail
    why = "it says that mail did not arrive, and names one that was sent"
    return replace(mail, kind="bounce", reason="delivery_report", why=why, bounce=mail.suspected)


def among_people(mail: Mail, thread: Thread, mailboxes: Mailboxes) -> Mail:
    """The mail as a person's, where only a list speaks against that, and the list is ours, or it is in our thread.

    Groups that take mail for a mailbox of ours, and systems that many write with, mark all mail as a list's.
    """
    if mail.kind != "bulk":
        return mail
    is_own = any(mailboxes.is_own_list(name) for name in mail.lists)
    is_threaded = thread.request_id is not None or bool(thread.follows)
    return replace(mail, kind="message", reason=None, why="") if is_own or is_threaded else mail
