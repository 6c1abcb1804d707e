"""Events of ``attachments``."""

from typing import Literal

from guichet_contracts.event import Event, Model, Time
from guichet_contracts.forgetting import PersonForgottenData

Refusal = Literal["type_not_allowed", "too_large", "infected", "lost"]
"""Why a file is not given out: what it is, how much it unpacks to, what was found in it, or that the store lost it."""


class Owner(Model):
    """Who uploaded the file."""

    kind: Literal["agent", "visitor"]
    id: str


class File(Model):
    """A file. ``size`` in bytes, ``sha256`` in hexadecimal; ``scope`` is where the owner meant it to go."""

    id: str
    name: str
    media_type: str | None = None
    size: int
    sha256: str
    scope: str
    owner: Owner
    created_at: Time


class AttachmentStoredData(Model):
    attachment: File


class AttachmentRejectedData(Model):
    attachment: File
    reason: Refusal


class AttachmentStored(Event[AttachmentStoredData]):
    """A file passed every check, and can be sent and read."""

    source: Literal["guichet/attachments"] = "guichet/attachments"
    type: Literal["attachments.attachment.stored.v1"] = "attachments.attachment.stored.v1"


class AttachmentRejected(Event[AttachmentRejectedData]):
    """A file was refused, and nothing of it is kept."""

    source: Literal["guichet/attachments"] = "guichet/attachments"
    type: Literal["attachments.attachment.rejected.v1"] = "attachments.attachment.rejected.v1"


class PersonForgotten(Event[PersonForgottenData]):
    """A person is forgotten here. It may be told several times of one erasure, which more was found for."""

    source: Literal["guichet/attachments"] = "guichet/attachments"
    type: Literal["attachments.person.forgotten.v1"] = "attachments.person.forgotten.v1"
