"""What a service tells of who did what there, for the audit trail that ``requests`` keeps."""

from typing import Literal

from pydantic import Field

from guichet_contracts.event import Model


class AuditActor(Model):
    """Who did it: an agent, by id and name, or whoever ran a command on the installation (``operator``)."""

    kind: Literal["agent", "operator"]
    id: str | None = None
    name: str | None = None


class AuditRecordedData(Model):
    """``action`` as ``requests`` lists them; ``subject_id`` is what it was done to, and never a customer's name.

    ``address``: the network address that the call came from. ``detail``: what else is worth knowing, in plain words.
    """

    action: str
    actor: AuditActor
    subject_id: str | None = None
    address: str | None = None
    detail: dict[str, str] = Field(default_factory=dict)
