"""Receipts: signed proofs from ``attachments`` that a file was checked, verified here without asking anybody."""

from collections.abc import Sequence

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
    files = []
    for index, receipt in enumerate(receipts):
        try:
            claims = tokens.verify(receipt)
            scope, owner = claims.extra["scope"], claims.extra["owner"]
            file = Attachment(
                id=claims.subject,
                name=str(claims.extra["name"]),
                media_type=str(claims.extra["media_type"]),
                size=int(claims.extra["size"]),
            )
        except (InvalidToken, KeyError, ValueError, TypeError):
            raise BadReceipt(index) from None
        of_visitor = scope == "visitor" and author.kind == "visitor"
        in_conversation = conversation_id is not None and scope == f"conversation:{conversation_id}"
        if owner != author.id or not (of_visitor or in_conversation):
            raise BadReceipt(index)
        files.append(file)
    return tuple(files)
