"""An entry of the audit trail. Pure.

It names customers by id alone: an entry outlives an erasure, and must not say who it was about. Agents are named as
they were called then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ActorKind = Literal["agent", "operator", "nobody"]
"""An agent; whoever ran a command on the installation; somebody of whom nothing is known but the network address."""

Action = Literal[
    "session.begun",
    "session.refused",
    "session.ended",
    "password.changed",
    "password.link_given",
    "second_factor.set",
    "second_factor.removed",
    "agent.added",
    "agent.changed",
    "reason.added",
    "reason.changed",
    "reason.removed",
    "template.added",
    "template.changed",
    "template.removed",
    "form.added",
    "form.changed",
    "form.removed",
    "contacts.exported",
    "contacts.imported",
    "contact.exported",
    "contact.archived",
    "contact.erased",
    "retention.run",
]
"""What is written down by this version; a service of a later one may tell more."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, and from where. ``id`` and ``name`` of an agent; ``address`` is a network address."""

    kind: ActorKind
    id: str | None = None
    name: str | None = None
    address: str | None = None


OPERATOR = Actor("operator")
"""Whoever may run commands on the installation: which person that was, the installation does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One thing that was done. ``subject_id``: to what; ``detail``: how, as short texts by name."""

    id: str
    at: datetime
    action: str
    actor: Actor
    subject_id: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict[str, str])
