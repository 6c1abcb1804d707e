"""Receipts: signed proofs from ``attachments`` that a file was checked, verified here without asking anybody."""

from collections.abc import Sequence

from guichet_contracts.claims import Receipt
from guichet_kit.tokens import InvalidToken, Tokens

from guichet_requests.errors import Refused
from guichet_requests.timeline.item import Attachment


class BadReceipt(Refused):
    """A receipt is forged, expired, or for another person or place. ``index`` counts from 0."""

    def __init__(self, index: int) -> None:
        super().__init__("is not valid here")
        self.index = index


def files_of(tokens: Tokens, receipts: Sequence[str], owner_id: str, scope: str) -> tuple[Attachment, ...]:
    """The files that the receipts name, each uploaded by the owner for this scope. Raises `BadReceipt`."""
    files = []
    for index, shown in enumerate(receipts):
        try:
            claims = tokens.verify(shown)
            receipt = Receipt.told_by(claims.subject, claims.extra)
        except (InvalidToken, ValueError):
            raise BadReceipt(index) from None
        if not receipt.is_for(owner_id, [scope]):
            raise BadReceipt(index)
        files.append(Attachment(receipt.file_id, receipt.name, receipt.media_type, receipt.size))
    return tuple(files)
