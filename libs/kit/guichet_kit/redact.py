"""Taking a person out of texts: names, addresses and phone numbers, however they are cased, accented or grouped."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

ERASED = "[effacé]"

_SHORTEST = 3
_PHONE_DIGITS = 9
_GAP = r"[\s.()/\-]*"
_WORD = re.compile(r"[^\W_]+")
_PHONE = re.compile(r"\+\d{7,15}")


class Redaction:
    """Knows what to take out: whole names and addresses, each word of a name of 3 letters or more, phone numbers.

    ``names`` and ``addresses`` may have None and blanks among them. A phone number is known by its last nine digits.
    """

    def __init__(
        self, names: Iterable[str | None], addresses: Iterable[str | None] = (), phones: Iterable[str | None] = ()
    ) -> None:
        told = {name.strip() for name in names if name and name.strip()}
        words = {word for name in told for word in _WORD.findall(name) if len(word) >= _SHORTEST}
        plain = {_bare(text) for text in {*told, *words, *filter(None, addresses)}}
        patterns = [rf"(?<!\w){re.escape(text)}(?!\w)" for text in sorted(plain, key=len, reverse=True) if text]
        patterns += [_phone_pattern(phone) for phone in phones if phone and _PHONE.fullmatch(phone)]
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def of(self, text: str) -> str:
        """``text`` with ``ERASED`` in place of each occurrence."""
        if self._pattern is None:
            return text
        # Letters and their accents are put apart; what is found there is cut out of the text as it was.
        letters = list(unicodedata.normalize("NFC", text))
        bare = [_bare(letter) or letter for letter in letters]
        if any(len(letter) != 1 for letter in bare):  # œ, ß and their like are themselves
            bare = [one if len(one) == 1 else letter for one, letter in zip(bare, letters, strict=True)]
        kept, at = [], 0
        for found in self._pattern.finditer("".join(bare)):
            kept += [*letters[at : found.start()], ERASED]
            at = found.end()
        return "".join([*kept, *letters[at:]]) if kept else text

    def within(self, value: Any) -> Any:
        """The same for every text in a JSON-like value."""
        match value:
            case str():
                return self.of(value)
            case dict():
                return {name: self.within(part) for name, part in value.items()}
            case list() | tuple():
                return [self.within(part) for part in value]
            case _:
                return value


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _phone_pattern(phone: str) -> str:
    national = _GAP.join(phone[-_PHONE_DIGITS:].lstrip("+"))
    return rf"(?<!\d)(?:(?:\+|00)\d{{1,3}}{_GAP})?(?:\(?0\)?{_GAP})?{national}(?!\d)"
