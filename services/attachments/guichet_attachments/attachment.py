"""An attachment: its states, its scope, who may read it. Pure rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from guichet_contracts.claims import TEMPLATE, request_scope

from guichet_attachments.mediatypes import UNLISTED


class State(StrEnum):
    """Where a file is on its way. Only a ``ready`` one is given out or proven by a receipt."""

    RECEIVING = "receiving"
    CHECKING = "checking"
    READY = "ready"
    REJECTED = "rejected"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.RECEIVING: frozenset({State.CHECKING, State.REJECTED}),
    State.CHECKING: frozenset({State.READY, State.REJECTED}),
    State.READY: frozenset({State.REJECTED}),  # only when the store lost its bytes
    State.REJECTED: frozenset(),
}

Refusal = Literal["type_not_allowed", "too_large", "infected", "lost"]


class IllegalMove(Exception):
    """The state does not lead there."""


class ScopeMalformed(Exception):
    """The scope is none of the four forms."""


class ScopeForbidden(Exception):
    """The scope is not one that this person may upload to, or have a receipt for."""


@dataclass(frozen=True, slots=True)
class Person:
    """An agent or a visitor, as their access token says. ``is_admin`` is of this moment, not of who they are.

    ``site`` is the one on which the visitor's session began.
    """

    kind: Literal["agent", "visitor"]
    id: str
    is_admin: bool = field(default=False, compare=False)
    site: str | None = field(default=None, compare=False)

    @property
    def is_mail(self) -> bool:
        """Whether ``mailer`` gives the files of one mail that came in."""
        return self.kind == "agent" and self.id.startswith(_MAIL)

    @classmethod
    def of_mail(cls, mail_id: str) -> "Person":
        """A mail that came in: its files are its own, so that those of many do not use up each other's share."""
        return cls("agent", f"{_MAIL}{mail_id}")


_MAIL = "mailer."
_SCOPE = re.compile(r"visitor|(?:conversation|request|template):[A-Za-z0-9_-]{1,64}")
_SCOPE_KINDS = {"visitor": {"visitor", "conversation"}, "agent": {"conversation", "request"}}


def check_scope(scope: str, person: Person) -> str:
    """``scope``, where ``person`` may upload to it.

    Whether the conversation is really theirs is for the receiver of the receipt to say, who knows it: the scope and
    the owner are in the receipt.

    Raises:
        ScopeMalformed, ScopeForbidden: it is not.
    """
    if not _SCOPE.fullmatch(scope):
        raise ScopeMalformed(scope)
    kind = scope.partition(":")[0]
    if kind not in _SCOPE_KINDS[person.kind] and not (kind == "template" and person.is_admin):
        raise ScopeForbidden(scope)
    if person.is_mail and scope != request_scope(person.id.removeprefix(_MAIL)):
        raise ScopeForbidden(scope)
    return scope


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file. ``size`` in bytes; ``object`` is the name of its bytes in the store.

    ``linked_at`` is when a message, an e-mail or a form first named it. What neither these nor its template name goes
    at ``kept_until``. One that is not ``examined`` met an examiner that was too slow ``examinations`` times; it is
    tried again.
    """

    id: str
    state: State
    name: str
    size: int
    sha256: str
    scope: str
    owner: Person
    object: str
    created_at: datetime
    touched_at: datetime
    media_type: str | None = None
    has_preview: bool = False
    refusal: Refusal | None = None
    refusal_detail: str | None = None
    linked_at: datetime | None = None
    in_template: bool = False
    kept_until: datetime | None = None
    readers: frozenset[str] = frozenset()
    examined: bool = True
    examinations: int = 0

    def moved(self, to: State, at: datetime) -> "Attachment":
        """The file in another state; `IllegalMove` where the table does not lead there."""
        if to not in TRANSITIONS[self.state]:
            raise IllegalMove(f"{self.state} does not lead to {to}")
        return replace(self, state=to, touched_at=at)

    def refused(self, why: Refusal, detail: str, at: datetime) -> "Attachment":
        """The file, rejected."""
        return replace(self.moved(State.REJECTED, at), refusal=why, refusal_detail=detail, has_preview=False)

    @property
    def warning(self) -> Literal["could_run"] | None:
        """What whoever opens the file is to be told first: it is not on the list, and was let in by the operator."""
        return "could_run" if self.media_type == UNLISTED and self.examined else None

    @property
    def is_named(self) -> bool:
        """Whether something that was sent, or a template, names the file."""
        return self.linked_at is not None or self.in_template

    def may_be_read_by(self, person: Person) -> bool:
        """Owners read what is theirs, agents what was sent or is to be, visitors what was sent to them."""
        if person == self.owner:
            return True
        if person.kind == "agent":
            return self.is_named
        return person.id in self.readers

    def may_be_sent_by(self, person: Person) -> bool:
        """Of what they may read, agents send what is theirs and the files of templates."""
        return person.kind == "agent" and (person == self.owner or self.scope.startswith(TEMPLATE))


PREVIEW_SUFFIX = ".preview"


def preview_of(object_name: str) -> str:
    """The name of the preview's bytes in the store."""
    return object_name + PREVIEW_SUFFIX
