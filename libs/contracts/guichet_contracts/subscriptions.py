"""Who hears what: durable queues and the event types they take. Publisher and consumer both declare them from here."""

from collections.abc import Mapping, Sequence

REQUESTS_CONVERSATIONS = "requests.conversations"
REQUESTS_CONTACTS = "requests.contacts"
REQUESTS_MAIL = "requests.mail"
REQUESTS_FILES = "requests.files"
REQUESTS_TRANSCRIPTS = "requests.transcripts"
REQUESTS_ERASURES = "requests.erasures"
REQUESTS_AUDIT = "requests.audit"
CONTACTS_WANTED = "contacts.wanted"
ATTACHMENTS_LINKS = "attachments.links"
CHAT_ERASURES = "chat.erasures"
CHAT_WANTED = "chat.wanted"
ATTACHMENTS_ERASURES = "attachments.erasures"
MAILER_SUBMISSIONS = "mailer.submissions"
MAILER_FILINGS = "mailer.filings"
MAILER_ERASURES = "mailer.erasures"

MESSAGES_WITH_FILES = "chat.message.posted.v1.files"
"""A routing key besides the type's own, of ``chat.message.posted.v1`` that names files; no type of its own."""

SUBSCRIPTIONS: Mapping[str, Sequence[str]] = {
    REQUESTS_CONVERSATIONS: (
        "chat.message.posted.v1",
        "chat.conversation.closed.v1",
        "chat.conversation.read.v1",
        "chat.log.advanced.v1",
    ),
    REQUESTS_CONTACTS: (
        "contacts.contact.changed.v1",
        "contacts.contact.merged.v1",
        "contacts.contact.unmerged.v1",
        "contacts.contact.erased.v1",
    ),
    REQUESTS_MAIL: ("mailer.email.received.v1", "mailer.email.repeated.v1", "mailer.delivery.changed.v1"),
    REQUESTS_FILES: ("attachments.attachment.stored.v1", "attachments.attachment.rejected.v1"),
    REQUESTS_TRANSCRIPTS: ("chat.transcript.requested.v1",),
    REQUESTS_ERASURES: (
        "chat.person.forgotten.v1",
        "attachments.person.forgotten.v1",
        "mailer.person.forgotten.v1",
    ),
    REQUESTS_AUDIT: ("contacts.audit.recorded.v1",),
    CONTACTS_WANTED: ("requests.contact.wanted.v1",),
    ATTACHMENTS_LINKS: (
        MESSAGES_WITH_FILES,
        "requests.template.changed.v1",
        "requests.email.submitted.v1",
        "requests.form.submitted.v1",
        "mailer.email.received.v1",
    ),
    CHAT_WANTED: ("requests.entries.wanted.v1",),
    CHAT_ERASURES: ("requests.visitors.erased.v1", "requests.request.expired.v1"),
    ATTACHMENTS_ERASURES: ("requests.visitors.erased.v1", "requests.request.expired.v1"),
    MAILER_SUBMISSIONS: ("requests.email.submitted.v1",),
    MAILER_FILINGS: ("requests.email.filed.v1",),
    MAILER_ERASURES: ("requests.visitors.erased.v1", "requests.request.expired.v1"),
}

LIVE_EVENTS: Sequence[str] = ("requests.request.changed.v1",)
"""Event types that every chat replica hears, besides the lines that replicas send each other."""

RETIRED: Sequence[tuple[str, str]] = (
    ("guichet.live", "chat.message.posted.v1"),
    ("guichet.live", "chat.conversation.closed.v1"),
    ("guichet.live", "chat.conversation.read.v1"),
)
"""Bindings of earlier versions, which a broker keeps until somebody takes them off.

That of `ATTACHMENTS_LINKS` to ``chat.message.posted.v1`` is to follow in the next version: while this one is rolled
out, replicas of the one before still publish messages that name files without the key that this one binds.
"""
