"""Receipts: signed proofs from ``attachments`` that a file was checked, verified here without asking anybody."""

from collections.abc import Sequence

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
    for index, receipt in enumerate(receipts):
        try:
            claims = tokens.verify(receipt)
            proven = (claims.extra["owner"], claims.extra["scope"])
            file = Attachment(
                id=claims.subject,
                name=str(claims.extra["name"]),
                media_type=str(claims.extra["media_type"]),
                size=int(claims.extra["size"]),
            )
        except (InvalidToken, KeyError, ValueError, TypeError):
            raise BadReceipt(index) from None
        if proven != (owner_id, scope):
            raise BadReceipt(index)
        files.append(file)
    return tuple(files)
