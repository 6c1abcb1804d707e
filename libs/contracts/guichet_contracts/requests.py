"""Events of ``requests``."""

from typing import Literal

from guichet_contracts.chat import RequestStatus
from guichet_contracts.event import Event, Model, Time

Channel = Literal["chat", "email", "web_form", "manual"]
Priority = Literal["low", "medium", "high"]

AGENTS_REVOKED = "requests.agents.revoked.v1"
"""The type of `AgentsRevoked`."""


class ContactCopy(Model):
    """What a list shows of a contact."""

    id: str
    name: str
    email: str | None = None


class Assignee(Model):
    """The agent who treats the request."""

    id: str
    name: str
    initials: str


class PreviewAuthor(Model):
    """The agent who said what is shown of the request, named as they were then."""

    id: str
    name: str


class ConversationCopy(Model):
    """The request's current conversation. ``last_seq`` of its log, as far as ``requests`` knows."""

    id: str
    state: Literal["open", "closed"]
    last_seq: int


class VisitorCopy(Model):
    """What the visitor said of themselves."""

    id: str
    name: str | None = None
    email: str | None = None


class Request(Model):
    """The request as lists and headers show it; a greater ``version`` is newer.

    ``automatic``: nothing came on it but e-mails that machines sent, of which ``preview`` is one.
    ``preview_by``: the agent who said ``preview``; none where it was the customer, or is a note.
    ``waiting_since``: when the customer said the first thing that nobody has answered, while the request is new or in
    progress.
    """

    id: str
    number: int
    channel: Channel
    status: RequestStatus
    priority: Priority
    reason_id: str | None = None
    subject: str | None = None
    preview: str | None = None
    preview_by: PreviewAuthor | None = None
    waiting_since: Time | None = None
    contact: ContactCopy | None = None
    visitor: VisitorCopy | None = None
    assignee: Assignee | None = None
    conversation: ConversationCopy | None = None
    unread: int = 0
    automatic: bool = False
    last_activity_at: Time
    created_at: Time
    closed_at: Time | None = None
    version: int


class RequestChangedData(Model):
    request: Request


class EmailAddress(Model):
    """An address, with the name that stands before it where there is one."""

    email: str
    name: str = ""


class EmailFile(Model):
    """A file in ``attachments`` that the e-mail carries. ``size`` in bytes."""

    id: str
    name: str
    media_type: str
    size: int


class EmailAuthor(Model):
    """The agent who wrote the e-mail; the mail itself shows ``name`` beside the mailbox's."""

    id: str
    name: str


class SubmittedEmail(Model):
    """An e-mail to send, whole: quoted history and the agent's signature are in ``text`` already.

    ``item_id`` is the timeline item's, a UUID, and names the delivery. ``message_id``, ``in_reply_to`` and
    ``references`` are without angle brackets; ``message_id`` never changes, also when it is sent again. ``mailbox`` is
    the id of one of ``mailer``'s mailboxes; None is its default. Without ``html`` it is made from ``text``; without
    ``reply_to`` it is the request's own signed address; without ``thread_topic`` the subject. ``signature``: where the
    text has none, the mailbox's goes below it. ``automatic``: no person wrote this very mail. ``bcc`` get it like all
    others, and stand in no header. ``quoted_from``: where in ``text`` the history begins that it quotes, in characters
    (Unicode code points); None where it quotes none.
    """

    request_id: str
    request_number: int
    item_id: str
    mailbox: str | None = None
    author: EmailAuthor | None = None
    to: tuple[EmailAddress, ...]
    cc: tuple[EmailAddress, ...] = ()
    bcc: tuple[EmailAddress, ...] = ()
    subject: str
    text: str
    quoted_from: int | None = None
    html: str | None = None
    attachments: tuple[EmailFile, ...] = ()
    message_id: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    reply_to: str | None = None
    thread_topic: str | None = None
    thread_index: str | None = None
    signature: bool = True
    automatic: bool = False
    submitted_at: Time


class EmailSubmittedData(Model):
    email: SubmittedEmail


class EmailFiledData(Model):
    """``email_id`` as in ``mailer.email.received.v1``; of two filings the greater ``version`` counts."""

    email_id: str
    request_id: str
    version: int


class VisitorsErasedData(Model):
    """``visitor_ids``: the visitors that the erased contact was known to be. What their names were does not travel.

    ``email_ids``, ``item_ids``: the received and the sent e-mails of their requests; ``attachment_ids``: the files that
    these mails and the forms brought. ``traces`` and ``erased_at`` as in ``contacts.contact.erased.v1``: what came in
    from these addresses up to then, and is known to nobody yet, is to be forgotten too. ``words``: what
    `guichet_kit.redact.word_traces` makes of names, addresses and numbers, to find them in texts without knowing them.
    """

    contact_id: str
    visitor_ids: tuple[str, ...]
    email_ids: tuple[str, ...] = ()
    item_ids: tuple[str, ...] = ()
    attachment_ids: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    erased_at: Time | None = None


class RequestExpiredData(Model):
    """A closed request is older than what is kept. ``what`` goes: all of it, its files, or its raw mails alone.

    ``conversation_ids``, ``email_ids``, ``item_ids`` and ``attachment_ids`` are what stood on it: conversations,
    received and sent e-mails, and the files that came or went with any of it.
    """

    request_id: str
    what: Literal["all", "files", "raw_mail"]
    conversation_ids: tuple[str, ...] = ()
    email_ids: tuple[str, ...] = ()
    item_ids: tuple[str, ...] = ()
    attachment_ids: tuple[str, ...] = ()


class FormSubmittedData(Model):
    """``item_id``: its timeline item; ``attachment_ids``: the files that came with it."""

    request_id: str
    item_id: str
    attachment_ids: tuple[str, ...] = ()


class ContactWantedData(Model):
    """``request_id``: the request that somebody began from this address; ``name`` is empty where none was given.

    ``received_at``: when what began it came in, which may be long before this; None: not told, as earlier versions did.
    """

    request_id: str
    email: str
    name: str = ""
    received_at: Time | None = None


class AgentsRevokedData(Model):
    """What of the last quarter of an hour makes an access token good no more.

    ``agents``: of each agent whose rights changed, the least version (the claim ``ver``) that is still good.
    ``sessions``: those that were ended (the claim ``sid``).
    """

    agents: dict[str, int]
    sessions: tuple[str, ...] = ()


class TemplateChangedData(Model):
    """The files that the template names from this ``version`` on; none once it is deleted."""

    template_id: str
    attachment_ids: tuple[str, ...]
    version: int


class EmailSubmitted(Event[EmailSubmittedData]):
    """An e-mail was saved on a request's timeline, to be sent."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.email.submitted.v1"] = "requests.email.submitted.v1"


class EmailFiled(Event[EmailFiledData]):
    """A received e-mail is on this request's timeline: put there first, or moved there. Answers to it follow."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.email.filed.v1"] = "requests.email.filed.v1"


class RequestChanged(Event[RequestChangedData]):
    """Something changed that a list or a header shows."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.request.changed.v1"] = "requests.request.changed.v1"


class EntriesWantedData(Model):
    """Entries of the conversation after ``after_seq`` were not heard of, up to ``up_to_seq``, or to the end (None)."""

    conversation_id: str
    after_seq: int
    up_to_seq: int | None = None


class EntriesWanted(Event[EntriesWantedData]):
    """Entries of a log are missing on a request: ``chat`` is to publish them again."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.entries.wanted.v1"] = "requests.entries.wanted.v1"


class VisitorsErased(Event[VisitorsErasedData]):
    """A contact was erased: whoever knows these visitors forgets who they are, too."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.visitors.erased.v1"] = "requests.visitors.erased.v1"


class RequestExpired(Event[RequestExpiredData]):
    """A request was closed for longer than what is kept: whoever keeps something of it lets go."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.request.expired.v1"] = "requests.request.expired.v1"


class FormSubmitted(Event[FormSubmittedData]):
    """A web form was filled in and is on a request's timeline."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.form.submitted.v1"] = "requests.form.submitted.v1"


class ContactWanted(Event[ContactWantedData]):
    """A request was begun from an address: its contact is to be told of, and made where there is none."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.contact.wanted.v1"] = "requests.contact.wanted.v1"


class TemplateChanged(Event[TemplateChangedData]):
    """A template was added, changed or deleted: of its files, those that it names stay."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.template.changed.v1"] = "requests.template.changed.v1"


class AgentsRevoked(Event[AgentsRevokedData]):
    """Which access tokens are refused from now on: a state, told every two seconds, on the live edge alone."""

    source: Literal["guichet/requests"] = "guichet/requests"
    type: Literal["requests.agents.revoked.v1"] = "requests.agents.revoked.v1"
