"""The token of a visitor's session. It tells all that is known of a visitor who was not written down yet."""

from guichet_contracts.claims import VisitorClaims
from guichet_kit.tokens import Claims, Tokens

from guichet_chat.conversation import Visitor

LIFETIME_SECONDS = 30 * 24 * 3600
NAMED_SECONDS = 24 * 3600
"""Of a visitor whom their site names: it has to name them again, for they may have signed out there."""


def issue(tokens: Tokens, visitor: Visitor) -> str:
    """A token of the visitor's. What their site told of them is not in it: that is written down."""
    email = None if visitor.customer_id is not None else visitor.email
    said = VisitorClaims(visitor.id, visitor.site, visitor.name, email)
    return tokens.issue(said.id, lifetime(visitor), **said.claims())


def lifetime(visitor: Visitor) -> int:
    """How many seconds a token of the visitor's is good for."""
    return LIFETIME_SECONDS if visitor.customer_id is None else NAMED_SECONDS


def told_by(claims: Claims) -> Visitor:
    """The visitor as their token tells it. Where they were written down, that is newer."""
    told = VisitorClaims.told_by(claims.subject, claims.extra)
    return Visitor(told.id, told.site or "", told.name, told.email)
