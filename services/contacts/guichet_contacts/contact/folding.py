"""How names are compared: accents, case and punctuation do not count, and the beginning of a word finds it."""

import re
import unicodedata

from guichet_kit.normal import normalized

PREFIX_LENGTH = 3
"""Letters of a word that the search index knows; the rest of a longer word is compared after it."""

MAX_WORDS = 8

# Letters that decompose into nothing simpler, though people type them so.
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "þ": "th"})
_WORD = re.compile(r"[^\W_]+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s.()/-]+(?=\d)")
_INSIDE_WORDS = re.compile(r"['’.-]")


def fold(text: str) -> str:
    """``text`` without accents and case: ``Œuvre`` is ``oeuvre``, ``İzmir`` is ``izmir``, ``Groß`` is ``gross``.

    Folding twice is folding once.
    """
    if text.isascii():  # most of them, and a tenth of the time
        return text.lower()
    while True:
        # Taking case or a mark away may bring another one to light, in scripts with rare compositions.
        decomposed = normalized("NFKD", normalized("NFKD", text).casefold())
        folded = "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)
        if folded == text:
            return folded
        text = folded


def query_words(query: str) -> list[str]:
    """The words that a contact must have the beginnings of. Digits written in groups are one word: a phone number."""
    return list(dict.fromkeys(_WORD.findall(_BETWEEN_DIGITS.sub("", fold(query)))))[:MAX_WORDS]


def words_of(text: str) -> set[str]:
    """The words under which ``text`` is found: ``Anne-Marie O’Neill`` also under ``annemarie`` and ``oneill``."""
    folded = _BETWEEN_DIGITS.sub("", fold(text))
    return {*_WORD.findall(folded), *_WORD.findall(_INSIDE_WORDS.sub("", folded))}


def prefixes_of(words: set[str]) -> set[str]:
    """The beginnings of ``words``, of each length up to ``PREFIX_LENGTH``."""
    return {word[:length] for word in words for length in range(1, PREFIX_LENGTH + 1)}
