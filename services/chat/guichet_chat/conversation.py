"""The conversation as a log: what an entry is, and what may follow what. Pure rules, no I/O.

Entries are numbered 1, 2, 3, … without a gap. The closing is an entry too, so that nothing can come after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

TEXT_MAX = 10_000
"""Characters of one message."""

ATTACHMENTS_MAX = 10

EntryKind = Literal["message", "closed"]
AuthorKind = Literal["visitor", "agent", "system"]
ClosingStatus = Literal["in_progress", "pending", "closed"]
Reader = Literal["visitor", "agent"]
Language = Literal["fr", "en"]


class ConversationClosed(Exception):
    """The closing is in the log: nothing can follow."""


class IdTaken(Exception):
    """Another author has already used this message id in the conversation."""


class NoSuchConversation(Exception):
    """There is no such conversation, or the asker may not know of it."""


class VisitorErased(Exception):
    """Who the visitor was is forgotten: nobody goes on as this one, whatever token they have."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote an entry; ``name`` as it was then."""

    kind: AuthorKind
    id: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A checked file that a message names. ``size`` in bytes."""

    id: str
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to append. ``client_id`` is theirs, and makes a repeat recognisable."""

    client_id: str
    author: Author
    kind: EntryKind = "message"
    text: str = ""
    attachments: Sequence[Attachment] = ()
    request_status: ClosingStatus | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log. ``request_status`` on a closing only."""

    conversation_id: str
    visitor_id: str
    seq: int
    client_id: str
    kind: EntryKind
    author: Author
    text: str
    at: datetime
    attachments: Sequence[Attachment] = ()
    request_status: ClosingStatus | None = None


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a log ends, as far as the next entry needs to know. ``seq`` 0: the log is empty."""

    seq: int
    at: datetime
    kind: EntryKind = "message"


@dataclass(frozen=True, slots=True)
class Predecessor:
    """How the visitor's conversation before this one ended."""

    conversation_id: str
    seq: int
    at: datetime
    by: Author
    request_status: ClosingStatus


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a visitor is, as their site says it; ``customer_id`` is the site's own."""

    customer_id: str
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person behind a widget, as far as it is known who they are.

    ``customer_id`` is the site's own, where the site has said who this is. ``verified``: the site vouches for name and
    address, there is nothing in them that the visitor only claimed. ``erased``: who it was is forgotten, so nobody goes
    on as this visitor.
    """

    id: str
    site: str
    name: str | None = None
    email: str | None = None
    verified: bool = False
    customer_id: str | None = None
    erased: bool = False

    def may_go_on(self, site: str, identity: Identity | None) -> bool:
        """Whether a session can go on with this visitor: one site's is not another's, one customer not another one.

        Whom the site has named goes on only where the site names them again: they may have signed out there.
        """
        same_person = self.customer_id in (None, identity.customer_id if identity else None)
        return self.site == site and same_person and not self.erased

    def claiming(self, name: str | None, email: str | None) -> "Visitor":
        """As visitors tell it themselves, which never replaces what their site vouched for."""
        told = replace(self, name=name or self.name, email=email or self.email)
        if self.verified:
            told = replace(told, name=self.name or name, email=self.email or email)
        return replace(told, verified=self.verified and told == self)

    def identified(self, identity: Identity) -> "Visitor":
        """As their site tells it; what it does not tell stays as it was."""
        name, email = identity.name or self.name, identity.email or self.email
        verified = (name, email) == (identity.name, identity.email)
        return replace(self, name=name, email=email, verified=verified, customer_id=identity.customer_id)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is known of a conversation besides its log. ``state`` follows the log, which alone is the truth."""

    id: str
    visitor: Visitor
    opened_at: datetime
    state: Literal["open", "closed"] = "open"
    follows: Predecessor | None = None
    read: dict[Reader, int] = field(default_factory=lambda: {"visitor": 0, "agent": 0})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The conversation by e-mail. ``id`` is the asker's, and names the e-mail; None is the address that is known."""

    id: str
    email: str | None
    language: Language | None
    by: Author


def next_entry(conversation: Conversation, tail: Entry | Tail | None, draft: Draft, now: datetime) -> Entry:
    """The entry that ``draft`` becomes after ``tail`` (None: the log is empty).

    Its time is never before that of what precedes it, whatever the clocks of the replicas say, so that sorting by time
    and sorting by number agree. A visitor is called as the conversation knows them: their token may tell what is
    forgotten.

    Raises:
        ConversationClosed: ``tail`` is the closing.
    """
    if tail is not None and tail.kind == "closed":
        raise ConversationClosed
    earliest = tail.at if tail is not None else conversation.opened_at
    return Entry(
        conversation_id=conversation.id,
        visitor_id=conversation.visitor.id,
        seq=tail.seq + 1 if tail is not None else 1,
        client_id=draft.client_id,
        kind=draft.kind,
        author=replace(draft.author, name=conversation.visitor.name)
        if draft.author.kind == "visitor"
        else draft.author,
        text=draft.text,
        at=max(now, earliest),
        attachments=draft.attachments,
        request_status=draft.request_status,
    )


def successor(
    new_id: str, visitor: Visitor, previous: Conversation | None, closing: Entry | None, now: datetime
) -> Conversation:
    """A new conversation of ``visitor`` after ``previous``, which ``closing`` ended."""
    if previous is None or closing is None or closing.request_status is None:
        return Conversation(new_id, visitor, opened_at=now)
    follows = Predecessor(previous.id, closing.seq, closing.at, closing.author, closing.request_status)
    return Conversation(new_id, visitor, opened_at=max(now, closing.at), follows=follows)
