"""The parser: raw bytes of a mail in, what it says out. Pure: no I/O, no clock, nothing of ours to know.

`parse` is the way in. What strangers send is parsed in a process of its own (see `guichet_mailer.parser`).
"""

from guichet_mailer.parsing.mail import Address, Authentication, Bounce, File, Kind, Mail, Recipient, Unreadable
from guichet_mailer.parsing.parse import parse

__all__ = ["Address", "Authentication", "Bounce", "File", "Kind", "Mail", "Recipient", "Unreadable", "parse"]
