"""What the use cases work with."""

from dataclasses import dataclass
from datetime import timedelta

from guichet_kit.objects import ObjectStore
from guichet_kit.outbox import Relay
from guichet_kit.tokens import Tokens

from guichet_attachments.examine import Examiner
from guichet_attachments.store import AttachmentStore
from guichet_attachments.usage import Allowances
from guichet_attachments.virus import Scanner


@dataclass(frozen=True)
class Lifetimes:
    """How long things last that nothing names. What something names goes with that (`requests.request.expired.v1`)."""

    receipt: timedelta
    orphan: timedelta
    receiving: timedelta


@dataclass(frozen=True)
class Parts:
    """What the use cases work with."""

    store: AttachmentStore
    objects: ObjectStore
    relay: Relay
    examiner: Examiner
    scanner: Scanner
    receipts: Tokens
    lifetimes: Lifetimes
    allowances: Allowances | None = None
    keep_unlisted: bool = False
