"""Whether an address is the visitor's: a fixed mail with a signed link asks whoever reads it. Pure.

Nothing that a visitor typed is in that mail, not even their name: the address may be anybody's.
"""

from dataclasses import dataclass
from typing import Any

from guichet_requests.email.email import Address
from guichet_requests.email.letter import Language, Letter

LINK_SECONDS = 24 * 3600
PATH = "/proofs"
"""The page of the link. What is signed stands after a ``#``, which no server and no log is told."""

_SUBJECTS: dict[Language, str] = {
    "fr": "Recevoir votre conversation par e-mail (demande n° {number})",
    "en": "Receive your conversation by e-mail (request no. {number})",
}
_TEXTS: dict[Language, str] = {
    "fr": """\
Bonjour,

On nous a demandé d’envoyer à cette adresse la copie d’une conversation tenue sur notre site. \
Pour la recevoir, confirmez que cette adresse est la vôtre :

{link}

Ce lien est valable 24 heures. Si vous n’avez rien demandé, ignorez ce message : rien d’autre ne vous sera envoyé.""",
    "en": """\
Hello,

We were asked to send the copy of a conversation held on our site to this address. \
To receive it, please confirm that this address is yours:

{link}

The link is good for 24 hours. If you did not ask for anything, ignore this message: \
nothing else will be sent to you.""",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A conversation up to ``last_seq`` that a visitor wants at an address. ``id``: the transcript's e-mail."""

    id: str
    conversation_id: str
    visitor_id: str
    last_seq: int
    email: str
    language: Language

    def signed_as(self) -> dict[str, Any]:
        """What the link's token says beside the visitor's id, its subject."""
        return {
            "transcript": self.id,
            "conversation": self.conversation_id,
            "seq": self.last_seq,
            "email": self.email,
            "language": self.language,
        }

    @classmethod
    def of(cls, visitor_id: str, signed: Any) -> "Claim":
        """What the token of a link says."""
        return cls(
            signed["transcript"],
            signed["conversation"],
            visitor_id,
            signed["seq"],
            signed["email"],
            signed["language"],
        )


def letter_of(claim: Claim, number: int, link: str) -> Letter:
    """The mail that asks."""
    return Letter(
        to=(Address(claim.email),),
        subject=_SUBJECTS[claim.language].format(number=number),
        text=_TEXTS[claim.language].format(link=link),
        shown=_TEXTS[claim.language].format(link="[…]"),  # agents, and mails that quote it, are not to follow it
        purpose="proof",
    )
