"""What a transcript says: who wrote, when, and what; of files their names. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from guichet_requests.email.letter import Language
from guichet_requests.timeline.item import Item

ENTRIES_MAX, TEXT_MAX = 1_000, 200_000
"""Entries and characters of a transcript: of a longer conversation it has the end."""


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    intro: str
    day: str
    line: str
    visitor: str
    agent: str
    closed: str
    cut: str
    outro: str


_WORDS: dict[Language, _Words] = {
    "fr": _Words(
        subject="Votre conversation avec nous (demande n° {number})",
        intro="Bonjour,\n\nVoici votre conversation avec nous. Les heures sont celles du temps universel (UTC).",
        day="Le {at:%d/%m/%Y}",
        line="{at:%H:%M}  {name} :",
        visitor="Vous",
        agent="Conseiller",
        closed="{at:%H:%M}  La conversation a été clôturée.",
        cut="[…] Le début de cette longue conversation n’est pas repris ici.",
        outro="Pour la poursuivre, il vous suffit de répondre à cet e-mail.",
    ),
    "en": _Words(
        subject="Your conversation with us (request no. {number})",
        intro="Hello,\n\nHere is your conversation with us. Times are in universal time (UTC).",
        day="{at:%Y-%m-%d}",
        line="{at:%H:%M}  {name}:",
        visitor="You",
        agent="Advisor",
        closed="{at:%H:%M}  The conversation was closed.",
        cut="[…] The beginning of this long conversation is left out here.",
        outro="To go on with it, simply answer this e-mail.",
    ),
}


def subject_of(number: int, language: Language) -> str:
    """The subject of a transcript."""
    return _WORDS[language].subject.format(number=number)


def compose(entries: Sequence[Item], language: Language) -> str:
    """The text of a transcript. ``entries`` are messages and the closing, in their order; ``rank`` is their seq."""
    words = _WORDS[language]
    shown: list[str] = []
    left = TEXT_MAX
    for index in range(len(entries) - 1, -1, -1):
        item = entries[index]
        told = _told(item, words)
        if index == 0 or item.at.astimezone(UTC).date() != entries[index - 1].at.astimezone(UTC).date():
            told = f"{words.day.format(at=item.at.astimezone(UTC))}\n\n{told}"
        left -= len(told)
        if left < 0:
            break
        shown.insert(0, told)
    whole = len(shown) == len(entries) and (not entries or entries[0].rank == 1)
    return "\n\n".join([words.intro, *([] if whole else [words.cut]), *shown, words.outro])


def _told(item: Item, words: _Words) -> str:
    at = item.at.astimezone(UTC)
    if item.kind == "event":
        return words.closed.format(at=at)
    name = item.author.name or (words.visitor if item.direction == "inbound" else words.agent)
    said = [item.text.strip(), *(f"[{file.name}]" for file in item.attachments)]
    return "\n".join([words.line.format(at=at, name=name), *filter(None, said)])
