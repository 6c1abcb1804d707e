"""Receipts: signed proofs from ``attachments`` that a file was checked, verified here without asking anybody."""

from collections.abc import Sequence

from guichet_contracts.claims import VISITOR_SCOPE, Receipt, conversation_scope
from guichet_kit.tokens import InvalidToken, Tokens

from guichet_chat.conversation import Attachment, Author


class BadReceipt(Exception):
    """A receipt is forged, expired, or for another person or place. ``index`` counts from 0."""

    def __init__(self, index: int) -> None:
        super().__init__(f"receipt {index} is not valid for this message")
        self.index = index


def attachments_of(
    tokens: Tokens, receipts: Sequence[str], author: Author, conversation_id: str | None
) -> tuple[Attachment, ...]:  # fmt: skip
    """The files that the receipts name; `BadReceipt` for the first that ``author`` may not use in this conversation."""
    scopes = [VISITOR_SCOPE] if author.kind == "visitor" else []
    if conversation_id is not None:
        scopes.append(conversation_scope(conversation_id))
    files = []
    for index, shown in enumerate(receipts):
        try:
            claims = tokens.verify(shown)
            receipt = Receipt.told_by(claims.subject, claims.extra)
        except (InvalidToken, ValueError):
            raise BadReceipt(index) from None
        if not receipt.is_for(author.id, scopes):
            raise BadReceipt(index)
        files.append(Attachment(receipt.file_id, receipt.name, receipt.media_type, receipt.size))
    return tuple(files)
